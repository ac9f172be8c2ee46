"""Writes the golden values: a tiny VAE in PyTorch, its gradients and ten steps of Adam, in f64.

Everything that goes in (weights, images, noise) comes from splitmix64 and is exact in f32, so
that a program in single precision can start from the very same numbers. See README.md.
"""

import argparse
import json
import math
import pathlib
import struct
import sys

import torch
from torch import nn

WIDTH, HIDDEN, LATENT, BATCH, STEPS = 12, 8, 3, 5, 10
WEIGHT_SEED, IMAGE_SEED, NOISE_SEED = 7, 9, 10
FILE = pathlib.Path(__file__).with_name("tiny_12_8_3_f64.safetensors")

# Two machines may add a product's terms in another order. Anything beyond that is a change.
TOLERANCE = 1e-12


def splitmix64(seed):
    """Words of Steele, Lea and Flood's generator (OOPSLA 2014)."""
    mask = 2**64 - 1
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        word = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
        yield word ^ (word >> 31)


def uniforms(words, *shape):
    """Numbers in [-1, 1), multiples of 2^-23."""
    values = [(next(words) >> 40) * 2.0**-23 - 1.0 for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def nearly_normals(words, *shape):
    """Sums of twelve uniforms: mean 0, variance 1, and no logarithm to round differently."""

    def one():
        return sum(next(words) >> 44 for _ in range(12)) * 2.0**-20 - 6.0

    values = [one() for _ in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


class Vae(nn.Module):
    """The VAE of the workspace, in small: relu inside, tanh at the end."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, HIDDEN)
        self.fc21 = nn.Linear(HIDDEN, LATENT)
        self.fc22 = nn.Linear(HIDDEN, LATENT)
        self.fc3 = nn.Linear(LATENT, HIDDEN)
        self.fc4 = nn.Linear(HIDDEN, WIDTH)
        self.double()

    def encode(self, x):
        hidden = torch.relu(self.fc1(x))
        return self.fc21(hidden), self.fc22(hidden)

    def decode(self, z):
        return torch.tanh(self.fc4(torch.relu(self.fc3(z))))

    def forward(self, x, eps):
        mu, logvar = self.encode(x)
        z = mu + eps * torch.exp(0.5 * logvar)
        return {"mu": mu, "logvar": logvar, "z": z, "recon": self.decode(z)}


def initialize(model):
    """Uniform in ±1/√fan_in, fc1 first, each weight before its bias, row by row."""
    words = splitmix64(WEIGHT_SEED)
    with torch.no_grad():
        for layer in model.children():
            bound = torch.tensor(1.0 / math.sqrt(layer.in_features)).float()
            for parameter in (layer.weight, layer.bias):
                values = uniforms(words, *parameter.shape).float() * bound
                parameter.copy_(values.double())


def objective(x, out):
    """Squared error and Kullback-Leibler divergence, each summed, and their mean over the batch."""
    mse = (out["recon"] - x).square().sum()
    kld = -0.5 * (1 + out["logvar"] - out["mu"].square() - out["logvar"].exp()).sum()
    return mse, kld, (mse + kld) / BATCH


def golden(x, noise):
    """All values by their keys."""
    model = Vae()
    initialize(model)
    values = {"x": x, "eps_adam": noise}

    def keep(prefix, of=lambda parameter: parameter):
        for name, parameter in model.named_parameters():
            values[f"{prefix}.{name}"] = of(parameter).detach().clone()

    keep("init")
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for step in range(STEPS):
        adam.zero_grad()
        out = model(x, noise[step])
        mse, kld, loss = objective(x, out)
        loss.backward()
        losses.append(loss.detach())
        refuse_kinks(model, x, out["z"])
        if step == 0:
            out |= {"recon_mu": model.decode(out["mu"]), "mse": mse, "kld": kld, "loss": loss}
            values |= {f"out.{name}": value.detach() for name, value in out.items()}
            keep("grad", lambda parameter: parameter.grad)
        adam.step()
        if step + 1 in (1, STEPS):
            keep(f"adam{step + 1}")
            keep(f"adam{step + 1}_m", lambda parameter: adam.state[parameter]["exp_avg"])
            keep(f"adam{step + 1}_v", lambda parameter: adam.state[parameter]["exp_avg_sq"])
    values["adam_losses"] = torch.stack(losses)
    return values


def refuse_kinks(model, x, z):
    """A sum too close to relu's kink would fall to its other side in single precision."""
    nearest = torch.cat([model.fc1(x).flatten(), model.fc3(z).flatten()]).abs().min().item()
    if nearest < 1e-3:
        sys.exit(f"make_golden: a value {nearest:.1e} from relu's kink; take another seed")


def write(path, values):
    """safetensors by hand: the library writes metadata in an order that changes."""
    header, data = {}, b""
    settings = {"d": WIDTH, "h": HIDDEN, "l": LATENT, "batch": BATCH, "weight_seed": WEIGHT_SEED}
    header["__metadata__"] = {key: str(value) for key, value in settings.items()}
    for name in sorted(values):
        value = values[name].contiguous()
        numbers = struct.pack(f"<{value.numel()}d", *value.flatten().tolist())
        offsets = [len(data), len(data) + len(numbers)]
        header[name] = {"dtype": "F64", "shape": list(value.shape), "data_offsets": offsets}
        data += numbers
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read(path):
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    values = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = struct.unpack(f"<{(end - begin) // 8}d", content[begin:end])
        values[name] = torch.tensor(numbers, dtype=torch.float64).reshape(entry["shape"])
    return values


def compare(made, kept):
    """The largest difference, or the end of the program with what differs."""
    if made.keys() != kept.keys():
        sys.exit(f"make_golden: {FILE.name} has other keys: {sorted(made.keys() ^ kept.keys())}")
    worst = 0.0
    for name, value in made.items():
        if value.shape != kept[name].shape:
            sys.exit(f"make_golden: {name} is {list(kept[name].shape)}, made {list(value.shape)}")
        difference = (value - kept[name]).abs().max().item()
        if not difference <= TOLERANCE:
            sys.exit(f"make_golden: {name} differs by {difference:.1e}; see what has changed")
        worst = max(worst, difference)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only; write nothing")
    check = parser.parse_args().check
    torch.set_num_threads(1)
    x = uniforms(splitmix64(IMAGE_SEED), BATCH, WIDTH)
    noise = nearly_normals(splitmix64(NOISE_SEED), STEPS, BATCH, LATENT)
    values = golden(x, noise)
    if check:
        if not FILE.exists():
            sys.exit(f"make_golden: {FILE.name} is missing; write it with `cargo xtask golden`")
        print(f"{FILE.name}: {len(values)} tensors as kept, within {compare(values, read(FILE)):.1e}")
    else:
        write(FILE, values)
        print(f"{FILE.name}: {len(values)} tensors written by torch {torch.__version__}")


if __name__ == "__main__":
    main()
