"""One composition root per process, and the link between them."""
