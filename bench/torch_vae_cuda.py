"""Times PyTorch on a GPU on the training step that `elbo train --device cuda` takes: same model, loss and optimizer.

    python bench/torch_vae_cuda.py --variant eager      line by line, with the fused Adam
    python bench/torch_vae_cuda.py --variant graph      the whole step captured once as a CUDA graph and replayed
    python bench/torch_vae_cuda.py --variant compile    torch.compile, max-autotune

The images lie on the GPU as bytes; a step gathers its batch by index there. Prints JSON: microseconds a step over whole
epochs that nobody waits in, and milliseconds an epoch with its losses read. What is compiled or captured is not counted.
`--cpu` runs the eager variant on the CPU, to see that it runs.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH, PIXELS, HIDDEN, LATENT, IMAGES = 128, 784, 400, 20, 60_000


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(PIXELS, HIDDEN)
        self.fc21 = nn.Linear(HIDDEN, LATENT)
        self.fc22 = nn.Linear(HIDDEN, LATENT)
        self.fc3 = nn.Linear(LATENT, HIDDEN)
        self.fc4 = nn.Linear(HIDDEN, PIXELS)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mean, log_variance = self.fc21(h), self.fc22(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return torch.tanh(self.fc4(F.relu(self.fc3(z)))), mean, log_variance


class Training:
    """A model, its data and an epoch's order on one device; a step takes the next batch and notes its loss."""

    def __init__(self, device, capturable):
        self.model = VAE().to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True, capturable=capturable)
        self.images = torch.randint(0, 256, (IMAGES, PIXELS), dtype=torch.uint8, device=device)
        self.order = torch.randperm(IMAGES, device=device)
        self.steps = IMAGES // BATCH
        self.losses = torch.zeros(self.steps, device=device)
        # In the graph, the place in the epoch is a number on the device.
        self.place = torch.zeros(1, dtype=torch.int64, device=device)
        self.lanes = torch.arange(BATCH, device=device)

    def step(self):
        rows = self.order[self.place * BATCH + self.lanes]
        x = (self.images[rows].float() / 255 - 0.5) / 0.5
        self.optimizer.zero_grad(set_to_none=True)
        reconstruction, mean, log_variance = self.model(x)
        squared_error = F.mse_loss(reconstruction, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = (squared_error + kl) / BATCH
        loss.backward()
        self.optimizer.step()
        self.losses.index_copy_(0, self.place, loss.detach().reshape(1))
        self.place.add_(1)

    def begin_epoch(self):
        self.order.copy_(torch.randperm(IMAGES))
        self.place.zero_()


def captured(training):
    """The step as a CUDA graph, after a warm-up on another stream, as PyTorch's documentation has it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            training.step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        training.step()
    return graph.replay


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", choices=["eager", "graph", "compile"], default="eager")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--tf32", action="store_true", help="let tensor cores round to 11 bits")
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = options.tf32
    device = "cpu" if options.cpu else "cuda"
    wait = (lambda: None) if options.cpu else torch.cuda.synchronize
    training = Training(device, capturable=options.variant != "eager")
    step = training.step
    if options.variant == "compile":
        step = torch.compile(training.step, mode="max-autotune")
    elif options.variant == "graph":
        step = captured(training)

    training.begin_epoch()
    for _ in range(20):
        step()
    wait()
    steps, epochs, losses = [], [], []
    for _ in range(options.epochs):
        began = time.perf_counter()
        training.begin_epoch()
        wait()
        first = time.perf_counter()
        for _ in range(training.steps):
            step()
        wait()
        steps.append((time.perf_counter() - first) / training.steps * 1e6)
        losses.append(training.losses.mean().item())
        epochs.append((time.perf_counter() - began) * 1e3)
    name = f"PyTorch {torch.__version__} {options.variant}"
    figures = {"step_us": round(statistics.median(steps), 2), "epoch_ms": round(statistics.median(epochs), 2)}
    print(json.dumps({"program": name, **figures, "losses": [round(losses[0], 2), round(losses[-1], 2)]}))


if __name__ == "__main__":
    main()
