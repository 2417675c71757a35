"""The five student reports: what each did and got, and how it is replayed."""

from training.data.sources import Data, Source
from training.evaluate.protocol import Protocol
from training.replay.description import Claim, Line, Pictures, Report

_RGB = Protocol(channel="rgb", border=0)
_BSDS = (Source("BSDS500/train"), Source("BSDS500/test"))
_VALID = (Source("valid"),)
_TIGHT = (Source("train-tight"),)
_STANDARD = ("eval/Set5", "eval/Set14")
_BICUBIC = Line("The line is the PSNR of bicubic on the same LR: a network must be better.")

A = Report(
    "A",
    "a deep SRCNN on RGB",
    "Ten convolutions with batch norm and sigmoids, one residual. DIV2K patches, LR by bicubic "
    "down and up again, MSE, Adam 1e-6, batch 128, half the rate after 3 epochs without a gain, "
    "best weights kept, early stop: 99 epochs of 43 s.",
    (
        Claim("first network, shallow", "not stated", "srcnn_x2_report", "srcnn_x2"),
        Claim(
            "deep SRCNN",
            "no PSNR; MSE falls steadily; pictures smoother and less pixelated, but soft",
            "srcnn_deep_x2_report",
            "srcnn_deep_x2",
        ),
    ),
    ("srcnn_x2_report", "srcnn_deep_x2_report"),
    (
        Pictures(
            Data((Source("DIV2K/train"),), (Source("DIV2K/val"),)),
            "DIV2K, measured on Set5 and Set14",
            _STANDARD,
        ),
        Pictures(
            Data((Source("train-more"),), _VALID),
            "the CID22 training pictures, validated on CID22 and Kodak, measured on Set5 and Set14",
            _STANDARD,
            is_stand_in=True,
        ),
    ),
    _BICUBIC,
    "edsr_x2",
    (
        "The report does not state its scale. The recipe has x2.",
        "Adam moves a weight by about its learning rate in a step. At 1e-6, 50,000 steps move it "
        "by about 0.05 at most, and the schedule halves the rate.",
        "Ten sigmoids in a row pass little gradient to the first layers.",
        "The network must make the whole picture. `edsr` adds details to an interpolated picture, "
        "so that it begins at a good PSNR.",
        "The loss is MSE, whose best guess is an average of all likely details: a soft picture. "
        "`edsr` was trained with L1 and luma losses.",
    ),
    _RGB,
    ("psnr", "ssim", "mse"),
    {"width": 16},
)

B = Report(
    "B",
    "SRCNN 9-1-7 on luma",
    "SRCNN 9-1-7 with 64 and 32 channels, Y of YCbCr. BSDS500 train and test for training, val for "
    "validation. LR by Gaussian blur, down and bicubic up; values normalized by the mean 0.434 and "
    "the deviation 0.232; weights from N(0, 0.001); MSE on the central pixels; SGD with momentum "
    "0.9 and rates 1e-4, 1e-4, 1e-5; 20 epochs, about 7 h on a GPU.",
    (
        Claim("bicubic", "25.741 dB / .7293"),
        Claim("SRCNN, 2 epochs", "13.33 dB / .360"),
        Claim("SRCNN, 20 epochs", "25.137 dB / .7064", "srcnn_x3_report", "srcnn_x3"),
    ),
    ("srcnn_x3_report",),
    (
        Pictures(
            Data(_BSDS, (Source("BSDS500/val"),)),
            "BSDS500, measured on Set5, Set14 and BSD100",
            (*_STANDARD, "eval/BSD100"),
        ),
        Pictures(
            Data((Source("train-full"),), (Source("eval/BSD100"),)),
            "BSDS500 train and test without the woman of Set5 (`train-full`), validated on its val "
            "part (BSD100), measured on Set5, Set14 and BSD100",
            (*_STANDARD, "eval/BSD100"),
        ),
    ),
    _BICUBIC,
    "edsr_x3",
    (
        "The report never beat bicubic: it was 0.604 dB below. With weights from N(0, 0.001) in "
        "three layers, the output begins as one gray (13.33 dB after 2 epochs), and SGD at 1e-4 "
        "must first get back the picture that bicubic had at the start.",
        "The replay minimizes half the sum of the squares over the central pixels, as Caffe's "
        "SRCNN does. With their mean, the output was the same gray after 100 steps at these "
        "rates: the report had many more steps, or a sum.",
        "Our `srcnn` starts as bicubic and trains with Muon, so that it begins at the line and "
        "only rises.",
        "The report measured Set5, Set14 and BSDS200. BSDS200 is among its training pictures; the "
        "replay measures BSD100 instead, so that the figures of the two differ for bicubic, too.",
        "The report states neither its scale nor the sigma of its blur. The replay has x3, and "
        "draws sigma from 0.5 to 2.",
        "`edsr_x3` learned from LR without blur. On blurred LR its output is as blurred as LR: "
        "its figures on LR without blur are given, too.",
    ),
    metrics=("psnr", "ssim", "ifc", "nqm"),
)

C = Report(
    "C",
    "SRCNN, VDSR, ESRGAN, an autoencoder and EDSR compared",
    "855 pairs of 256x256 pixels, by index 700 for training, 130 for validation and the rest for "
    "the test. MAE, Adam 1e-4, 3 to 15 epochs.",
    (
        Claim("SRCNN", "30-32 dB / .85", "srcnn_x4_report", "srcnn_x4"),
        Claim("VDSR", "32-34 dB / .88", "vdsr_x4_report", "vdsr_x4"),
        Claim("ESRGAN", "28-30 dB / .90", "esrgan_x4_report"),
        Claim("autoencoder", "28-31 dB / .86", "autoencoder_x4_report", "autoencoder_x4"),
        Claim("EDSR", "34-36 dB / .92", "edsr_x4_report", "edsr_x4"),
    ),
    (
        "srcnn_x4_report",
        "vdsr_x4_report",
        "esrgan_x4_report",
        "autoencoder_x4_report",
        "edsr_x4_report",
    ),
    (
        Pictures(
            Data((Source("report-c"),), split=(700, 130), order="index"),
            "the HR pictures of the report (`report-c`), split by index; LR is made by bicubic",
        ),
        Pictures(
            Data(_TIGHT, split=(700, 130), order="index"),
            "256x256 tiles of photographs (`train-tight`), split by index; 25 of the rest are "
            "measured",
            most=25,
            is_stand_in=True,
        ),
    ),
    Line("The report takes a result for acceptable from 30 dB.", 30.0),
    "edsr_x4",
    (
        "The report claims ranges, and says neither the scale nor the channel nor the pictures "
        "that they hold for. The replay measures each network on the same test pictures, at x4, "
        "on luma.",
        "The claimed order of the networks is that of the literature. 3 to 15 epochs of 700 "
        "pictures are far fewer steps than the literature used.",
        "PSNR depends on the pictures: bicubic on the same pictures says how hard they are. A "
        "line of 30 dB says more of the pictures than of a network.",
        "`vdsr` adds its output to the bicubic picture, so that it begins near bicubic. The others "
        "begin at random weights, and must first learn to draw the whole picture.",
        "ESRGAN's adversarial loss costs PSNR on purpose.",
    ),
    small={"blocks": 1, "channels": 8, "layers": 4},
)

D = Report(
    "D",
    "a bicubic refiner and a deep residual network at x4",
    "Pairs of 32x32 and 128x128 pixels: 7,000, 1,250 and 500. MSE, Adam, mixed precision, clipped "
    "gradients, a cosine, rotations by 90 degrees, early stop on the MSE of validation.",
    (
        Claim(
            "refiner, 16 blocks, 192 channels",
            "23.30 dB / .7734, MSE .00568",
            "refiner_x4_report",
            "refiner_x4",
        ),
        Claim("refiner, 24 blocks", "21.05 dB"),
        Claim("residual, 24 blocks, 612 channels", "23.95 dB / .7983, MSE .00492"),
        Claim("residual, 16 blocks, 612 channels", "23.90 dB"),
        Claim("residual, 8 blocks, 612 channels", "23.82 dB"),
        Claim("residual, 24 blocks, 128 channels", "not stated", "resnet_x4_report", "resnet_x4"),
    ),
    ("refiner_x4_report", "resnet_x4_report"),
    (
        Pictures(
            Data((Source("report-d"),), split=(7_000, 1_250), tile=128),
            "the HR pictures of the report (`report-d`)",
        ),
        Pictures(
            Data(_TIGHT, split=(0.8, 0.14), tile=128),
            "256x256 tiles of photographs (`train-tight`), trained on as tiles of 128x128, and "
            "measured whole",
            is_stand_in=True,
        ),
    ),
    _BICUBIC,
    "edsr_x4",
    (
        "612 channels are 162 million parameters. The recipe has 128: the report found that more "
        "channels always help, and more blocks less and less.",
        "The refiner with 24 blocks stuck at 21.05 dB in the report. It is not repeated.",
        "PSNR depends on the pictures: compare the gain over bicubic, not the PSNR.",
        "The replay measures RGB. Published tables measure luma, which is higher.",
        "The replay trains in fp32, the report trained in mixed precision.",
    ),
    _RGB,
    ("psnr", "ssim", "mse"),
    {"blocks": 2, "channels": 16},
)

E = Report(
    "E",
    "a network like ESPCN on luma, x3",
    "ESPCN on Y of YUV, x3, 100 to 300 pixels, LR by means over areas. 450 pictures for training "
    "and 50 for validation, 50 epochs, about 2 h on a laptop.",
    (Claim("mean of ten pictures", "25.87 -> 26.43 dB", "espcn_x3_report", "espcn_x3"),),
    ("espcn_x3_report",),
    (
        Pictures(
            Data(
                (*_BSDS, Source("BSDS500/val")),
                split=(450, 50),
                tile=300,
                size=300,
                fit="resize",
            ),
            "BSDS500, resized to 300x300, measured on ten pictures of Set14",
            ("eval/Set14",),
            10,
        ),
        Pictures(
            Data((Source("train-full"),), split=(0.9, 0.1), tile=300, size=300, fit="resize"),
            "BSDS500 train and test (`train-full`, 399 pictures and not 500), resized to 300x300, "
            "measured on ten pictures of Set14",
            ("eval/Set14",),
            10,
            is_stand_in=True,
        ),
    ),
    _BICUBIC,
    "edsr_x3",
    (
        "The ten pictures of the report are not known. Ten others are measured here, so that only "
        "the gains compare.",
        "The report's first figure is that of the downscaled picture; here it is bicubic.",
        "The network ends in a ReLU, and begins at orthogonal weights instead of an interpolated "
        "picture. Adam keeps its rate of 1e-3 to the end, and no average of weights is taken, so "
        "that PSNR goes up and down by half a decibel between epochs.",
        "The replay learns from patches of 33x33 LR pixels, of which an epoch has one of each "
        "picture; the report learned from whole pictures of 100x100.",
        "`edsr_x3` learned from bicubic LR. LR by means over areas is blurred in another way: its "
        "figures on bicubic LR are given, too.",
    ),
    captions=(
        (24.43, 25.34),
        (25.04, 25.62),
        (34.95, 34.90),
        (26.63, 27.10),
        (25.16, 25.56),
        (22.67, 23.24),
        (23.99, 24.44),
        (26.35, 26.85),
        (27.67, 29.01),
        (21.81, 22.28),
    ),
)

REPORTS = {each.letter: each for each in (A, B, C, D, E)}
