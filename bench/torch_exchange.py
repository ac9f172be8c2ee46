"""Checks that a model goes from PyTorch to elbo and back without a change: losses, reconstructions, ONNX.

    python bench/torch_exchange.py --data-dir data/mnist --elbo target/release/elbo --epochs 1

Trains the script's model with PyTorch, imports its state_dict, and compares what both make of the test set: the
losses at z = mean to 4 significant digits, the reconstructions within 1/255. Then exports it and compares the
state_dict bit for bit, and, where onnxruntime is installed, encoder and decoder within 1e-5. Exits with 1 on the
first difference. Needs torch, numpy and safetensors.
"""

import argparse
import gzip
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from torch_step import BATCH, PIXELS, VAE, load, objective


def train(folder, epochs):
    images, model = load(folder), VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(BATCH):
            x = images[rows]
            optimizer.zero_grad()
            reconstruction, mean, log_variance = model(x)
            objective(reconstruction, x, mean, log_variance).backward()
            optimizer.step()
    return model.eval()


def test_images(folder):
    path = pathlib.Path(folder) / "t10k-images-idx3-ubyte"
    packed = path.with_name(path.name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    return numpy.frombuffer(raw[16:], numpy.uint8).reshape(-1, PIXELS)


@torch.no_grad()
def at_mean(model, x):
    """Losses as elbo says them, mean, log variance and reconstruction, all with z = mean."""
    hidden = F.relu(model.fc1(x))
    mean, log_variance = model.fc21(hidden), model.fc22(hidden)
    images = torch.tanh(model.fc4(F.relu(model.fc3(mean))))
    reconstruction = F.mse_loss(images, x, reduction="sum").item() / len(x)
    kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp()).item() / len(x)
    losses = {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
    return losses, mean, log_variance, images


def same(what, difference, limit):
    print(f"{what}: off by {difference:.1e}, at most {limit:.1e} allowed")
    if not difference <= limit:
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default=os.environ.get("ELBO_MNIST_DIR"), required="ELBO_MNIST_DIR" not in os.environ)
    parser.add_argument("--elbo", default="elbo", help="the binary")
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()

    def elbo(*arguments):
        command = [options.elbo, *map(str, arguments)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    torch.manual_seed(0)
    model = train(options.data_dir, options.epochs).double()
    pixels = test_images(options.data_dir)
    x = torch.from_numpy(pixels.astype("float64") / 127.5 - 1)
    losses, mean, _, images = at_mean(model, x)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        state = {name: values.float().contiguous() for name, values in model.state_dict().items()}
        save_file(state, folder / "state.safetensors")
        numpy.save(folder / "test.npy", pixels.reshape(-1, 28, 28))
        imported = folder / "model.safetensors"
        elbo("import", folder / "state.safetensors", "--out", imported)

        ours = json.loads(elbo("evaluate", "--checkpoint", imported, "--images", folder / "test.npy", "--json"))
        for name, value in losses.items():
            print(f"{name} at z = mean: PyTorch {value:.6f}, elbo {ours['mean'][name]:.6f}")
            same(name, abs(ours["mean"][name] / value - 1), 5e-5)

        elbo("encode", "--checkpoint", imported, "--images", folder / "test.npy", "--out", folder / "z.npy")
        same("mean", numpy.abs(numpy.load(folder / "z.npy") - mean.numpy()).max(), 1e-4)
        elbo("decode", "--checkpoint", imported, "--latents", folder / "z.npy", "--out", folder / "images.npy")
        decoded = numpy.load(folder / "images.npy").reshape(-1, PIXELS)
        same("reconstructions", numpy.abs(decoded - images.numpy()).max() / 2, 1 / 255)

        elbo("export", "--checkpoint", imported, "--format", "state-dict", "--out", folder / "back.safetensors")
        back = load_file(folder / "back.safetensors")
        model.float().load_state_dict(back)
        same("state_dict", max((back[name] - values).abs().max().item() for name, values in state.items()), 0.0)

        if importlib.util.find_spec("onnxruntime") is None:
            print("ONNX: skipped, onnxruntime is not installed")
            return
        import onnxruntime

        elbo("export", "--checkpoint", imported, "--out", folder / "model")
        open_session = lambda part: onnxruntime.InferenceSession(str(folder / f"model.{part}.onnx"))
        encoded = open_session("encoder").run(["mean", "log_variance"], {"images": x.float().numpy()})
        z, log_variance = numpy.load(folder / "z.npy"), numpy.load(folder / "z.log_variance.npy")
        same("ONNX encoder, mean", numpy.abs(encoded[0] - z).max(), 1e-5)
        same("ONNX encoder, log variance", numpy.abs(encoded[1] - log_variance).max(), 1e-5)
        drawn = open_session("decoder").run(["images"], {"latents": z})[0]
        same("ONNX decoder", numpy.abs(drawn - decoded).max(), 1e-5)


if __name__ == "__main__":
    main()
