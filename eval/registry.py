"""The metrics of two pictures, by id, in the order in which tables show them."""

from eval.psnr import MSE, PSNR
from eval.ssim import SSIM

METRICS = {metric.id: metric for metric in (PSNR, SSIM, MSE)}
