"""The panels of the stage screen: pure functions from a frame and a size to rows of cells."""
