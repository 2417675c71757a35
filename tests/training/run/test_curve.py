from pathlib import Path

from PIL import Image

from training.run.curve import draw_curve


def test_draws_a_curve(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    metrics.write_text(
        "iteration,loss,lr,monitor_psnr,monitor_ssim\n500,0.1,1e-3,30,0.8\n1000,0.05,1e-4,31,0.9\n"
    )
    draw_curve(metrics, tmp_path / "curve.png", "edsr x2")
    with Image.open(tmp_path / "curve.png") as picture:
        assert picture.width > 300
        assert "Software" not in picture.info
