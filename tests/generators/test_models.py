"""Which model is taken."""

from jamtui.generators.models import Measured, find_model, recommend
from jamtui.generators.ollama_client import Installed

GB = 10**9


def installed(*names: str) -> list[Installed]:
    return [Installed(name, (n + 1) * GB) for n, name in enumerate(names)]


def measured(model: str, bars_per_s: float, accepted: float = 1.0) -> tuple[str, Measured]:
    return model, Measured(model, "", bars_per_s, accepted, 0.5, 9 * bars_per_s)


def test_a_known_name_goes_before_an_unknown_one() -> None:
    models = installed("llama3:8b", "nomic-embed-text:latest", "qwen2.5:3b", "qwen3:1.7b-q4_K_M")
    found = recommend(models)
    assert found is not None
    assert found.name == "qwen3:1.7b-q4_K_M"


def test_an_unknown_one_is_better_than_none_and_an_embedder_is_none() -> None:
    found = recommend(installed("nomic-embed-text:latest", "phi:latest", "llama3:8b"))
    assert found is not None
    assert found.name == "phi:latest"
    assert recommend(installed("nomic-embed-text:latest")) is None
    assert recommend([]) is None


def test_the_largest_that_was_measured_to_keep_up_goes_before_all() -> None:
    models = installed("qwen3:1.7b", "phi:latest", "qwen3:8b")
    known = dict([measured("qwen3:1.7b", 3.0), measured("phi:latest", 1.2), measured("qwen3:8b", 0.4)])
    found = recommend(models, known)
    assert found is not None
    assert found.name == "phi:latest"
    known |= dict([measured("phi:latest", 1.2, accepted=0.3)])
    found = recommend(models, known)
    assert found is not None
    assert found.name == "qwen3:1.7b"


def test_what_was_measured_to_fail_is_not_taken_before_what_was_not_tried() -> None:
    models = installed("qwen3:1.7b", "qwen2.5:1.5b")
    found = recommend(models, dict([measured("qwen3:1.7b", 0.1)]))
    assert found is not None
    assert found.name == "qwen2.5:1.5b"


def test_a_name_without_a_tag_is_the_latest() -> None:
    models = installed("phi:latest", "qwen3:1.7b", "hf.co/someone/model:latest")
    assert find_model("phi", models) == models[0]
    assert find_model("hf.co/someone/model", models) == models[2]
    assert find_model("qwen3", models) is None
