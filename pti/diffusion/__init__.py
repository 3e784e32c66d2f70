"""The diffusion core: DDIM both ways, guidance, tracing, retracing, and the border to diffusers."""
