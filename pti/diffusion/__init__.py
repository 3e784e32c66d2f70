"""The diffusion core: the model, DDIM, guidance, inversion, retracing, sampling and blending."""
