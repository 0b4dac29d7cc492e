"""moto, which stands behind the layer, and what had to be mended in it."""
