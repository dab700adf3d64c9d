"""A language model of a few hundred kilobytes, written here: random weights, one token per byte.

It is a real model for a real engine (llama.cpp). It shows that masks are enforced and that what comes out
under them is playable; it knows nothing of music.
"""

from pathlib import Path

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 64, 2, 4, 128, 2048
SPECIAL = ("<unk>", "<s>", "</s>")


def write_tiny_model(path: Path, seed: int) -> None:
    """Write a GGUF file with a vocabulary of 259 tokens (three special ones and all bytes) and two layers."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(SPECIAL) + 256)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))])
    writer.add_token_scores([0.0] * (len(SPECIAL) + 256))
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    writer.add_token_types([*kinds, *[gguf.TokenType.BYTE] * 256])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)

    def weight(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.normal(0.0, 0.6 / np.sqrt(shape[-1]), shape).astype(np.float32))

    def norm(name: str) -> None:
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))

    weight("token_embd.weight", len(SPECIAL) + 256, WIDTH)
    for layer in range(LAYERS):
        norm(f"blk.{layer}.attn_norm.weight")
        for part in ("q", "k", "v", "output"):
            weight(f"blk.{layer}.attn_{part}.weight", WIDTH, WIDTH)
        norm(f"blk.{layer}.ffn_norm.weight")
        weight(f"blk.{layer}.ffn_gate.weight", HIDDEN, WIDTH)
        weight(f"blk.{layer}.ffn_up.weight", HIDDEN, WIDTH)
        weight(f"blk.{layer}.ffn_down.weight", WIDTH, HIDDEN)
    norm("output_norm.weight")
    weight("output.weight", len(SPECIAL) + 256, WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
