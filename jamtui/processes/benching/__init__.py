"""The live benches: what they measure, and the small processes that play, echo and hold still beside them."""
