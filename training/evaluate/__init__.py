"""What a network is worth: PSNR and SSIM on standard sets, tables, contact sheets, cost."""
