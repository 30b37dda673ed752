"""Peer of `npm run bench falkon`: the algorithm of the Falkon paper in PyTorch on the CPU.

Gaussian kernel, float32 blocks, the preconditioner T = chol(Kmm + eps M I), A = chol(T T'/M + lambda I)
in float64, 20 conjugate-gradient iterations with all targets at once. A block is one matrix product
(rows and centers carry their norms along) and an exponential in place, into a buffer kept, which is
the fastest form found. Prints one JSON object. The BLAS reads OPENBLAS_NUM_THREADS when the process
starts, so the caller sets it.

usage: falkon_torch.py X Y CENTERS TEST_X PREDICTIONS ROWS M WIDTH LAMBDA EPS BLOCK_ROWS TORCH_THREADS ITERATIONS
files hold raw float32, rows of 4 features and 3 targets; PREDICTIONS is written
"""
import json
import resource
import sys
import time

import numpy
import torch

FEATURES, TARGETS = 4, 3


def terms(x, first):
    """[x, -|x|^2 / 2, 1] or [x, 1, -|x|^2 / 2]: their product is the exponent."""
    half = -0.5 * (x * x).sum(1, keepdim=True)
    one = torch.ones_like(half)
    return torch.cat([x, half, one] if first else [x, one, half], 1)


def main():
    files, numbers = sys.argv[1:6], sys.argv[6:]
    rows, m = int(numbers[0]), int(numbers[1])
    width, penalty, eps = map(float, numbers[2:5])
    block_rows, threads, iterations = map(int, numbers[5:8])
    torch.set_num_threads(threads)
    read = lambda path, columns: torch.from_numpy(
        numpy.fromfile(path, dtype=numpy.float32).reshape(-1, columns)
    )
    x, y = read(files[0], FEATURES)[:rows], read(files[1], TARGETS)[:rows]
    c, test = read(files[2], FEATURES)[:m], read(files[3], FEATURES)
    torch.exp(torch.rand(block_rows, m) @ torch.rand(m, 8))  # wakes threads and memory

    start = time.perf_counter()
    shift = c.mean(0)
    ct = terms((c - shift) / width, False).T.contiguous()
    buffer = torch.empty(block_rows, m)

    def block(rows_of):
        k = buffer[: len(rows_of)]
        torch.mm(terms((rows_of - shift) / width, True), ct, out=k)
        return k.exp_()

    def normal(u):
        total = torch.zeros(m, TARGETS, dtype=torch.float64)
        u = u.float()
        for at in range(0, rows, block_rows):
            k = block(x[at : at + block_rows])
            total += (k.T @ (k @ u)).double()
        return total / rows

    def moment():
        total = torch.zeros(m, TARGETS, dtype=torch.float64)
        for at in range(0, rows, block_rows):
            total += (block(x[at : at + block_rows]).T @ y[at : at + block_rows]).double()
        return total / rows

    kmm = torch.exp(-0.5 * torch.cdist(c.double() / width, c.double() / width) ** 2)
    kmm.diagonal().add_(eps * m)
    t = torch.linalg.cholesky(kmm).T.contiguous()  # upper: kmm = T' T
    a = torch.linalg.cholesky(t @ t.T / m + penalty * torch.eye(m, dtype=torch.float64)).T.contiguous()
    up = lambda r, b: torch.linalg.solve_triangular(r, b, upper=True)
    down = lambda r, b: torch.linalg.solve_triangular(r.T, b, upper=False)
    prepared = time.perf_counter() - start

    def system(beta):
        v = up(a, beta)
        return down(a, down(t, normal(up(t, v))) + penalty * v)

    b = down(a, down(t, moment()))
    beta = torch.zeros_like(b)
    r, p = b.clone(), b.clone()
    rr = (r * r).sum(0)
    for iteration in range(iterations):
        image = system(p)
        step = rr / (p * image).sum(0)
        beta += step * p
        r = b - system(beta) if iteration % 10 == 9 else r - step * image
        new = (r * r).sum(0)
        p = r + new / rr * p
        rr = new
    alpha = up(t, up(a, beta))
    seconds = time.perf_counter() - start
    out = torch.cat([block(part) @ alpha.float() for part in test.split(block_rows)])
    out.numpy().tofile(files[4])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "prepared": prepared, "memory": memory, "version": torch.__version__}))


main()
