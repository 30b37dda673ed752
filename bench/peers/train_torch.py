"""Peer of `npm run bench train`: the same training steps in PyTorch on the CPU.

Dense (no bias: batch norm follows), batch norm, ReLU blocks; MSE; Adam. Prints one JSON object
with samples/s. Debian packages: python3-torch, libopenblas0-pthread. The BLAS reads its thread
count from OPENBLAS_NUM_THREADS when the process starts, so the caller sets it.

usage: train_torch.py WIDTH DEPTH BATCH TORCH_THREADS SECONDS
"""
import json
import sys
import time

import torch


def network(width, depth, inputs=4, targets=3):
    layers = []
    for i in range(depth):
        layers += [
            torch.nn.Linear(inputs if i == 0 else width, width, bias=False),
            torch.nn.BatchNorm1d(width, eps=1e-3, momentum=0.01),
            torch.nn.ReLU(),
        ]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, targets))


def main():
    width, depth, batch, threads = map(int, sys.argv[1:5])
    seconds = float(sys.argv[5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = network(width, depth)
    # foreach runs the update over all parameters at once: torch's fastest form on small networks
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, foreach=True)
    rows = max(batch * 8, 65536)
    x = torch.rand(rows, 4)
    y = torch.randn(rows, 3)
    starts = range(0, rows - batch + 1, batch)
    loss_function = torch.nn.MSELoss()

    def step(start):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(model(x[start : start + batch]), y[start : start + batch])
        loss.backward()
        optimizer.step()

    done, rates = 0, []
    for _ in range(2):
        for start in starts:
            step(start)
            done += 1
            if done >= 20:
                break
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin, count = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds / 8:
            for start in starts:
                step(start)
                count += batch
                if time.perf_counter() - begin > seconds / 8:
                    break
        rates.append(count / (time.perf_counter() - begin))
    rates.sort()
    print(json.dumps({"samplesPerSecond": rates[len(rates) // 2], "version": torch.__version__}))


main()
