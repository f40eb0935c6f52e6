"""Running statistics of one subnet, taken anew from training batches.

Networks that share weights share the running statistics of a BatchNorm too, which then fit none of them. The mean over
about a thousand examples does. Source: Yu and Huang 2019, "Universally Slimmable Networks", arXiv:1903.05134, sec. 3.4.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from nas.tasks.base import Batch, Task
from nas.training.loop import seed_torch
from nas.training.settings import Training

EXAMPLES = 1_024
"""Examples, or tokens, that are read at least."""
LEAST_BATCHES = 4
FEW = 2
"""Examples of a pass that shows which modules keep statistics."""


def batches_read(training: Training) -> int:
    """Training batches that a calibration reads."""
    return max(LEAST_BATCHES, -(-EXAMPLES // training.batch_size))


def calibrate(network: nn.Module, task: Task, training: Training, seed: int) -> None:
    """Take the running statistics anew; a network without any stays as it is.

    The result is a function of weights, task, batch size and seed. The network must have buffers of its own.
    """
    keepers = statistics_keepers(network, task, training, seed)
    if not keepers:
        return
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for keeper in keepers:
            keeper.training = True
            if isinstance(keeper, _NormBase):
                keeper.reset_running_stats()
                # the mean over all batches, and not the recent ones
                keeper.momentum = None
        for step in range(batches_read(training)):
            seed_torch(seed, step)
            network(*_batch(network, task.train_batch(step, training.batch_size, seed)).inputs)
    network.eval()


def statistics_keepers(network: nn.Module, task: Task, training: Training, seed: int) -> list[nn.Module]:
    """Modules whose buffers change while they train; their buffers are then as before."""
    holders = [module for module in network.modules() if any(True for _ in module.buffers(recurse=False))]
    if not holders:
        return []
    network.eval()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for holder in holders:
            # its children stay as they are: dropout is no statistic
            holder.training = True
        network(*_batch(network, task.train_batch(0, training.batch_size, seed).rows(slice(FEW))).inputs)
        changed = {name for name, buffer in network.named_buffers() if not _equal(buffer, before[name])}
        for name, buffer in network.named_buffers():
            buffer.copy_(before[name])
    network.eval()
    names = {id(module): path for path, module in network.named_modules()}
    return [holder for holder in holders if any(_full(names[id(holder)], leaf) in changed for leaf in holder._buffers)]


def _full(path: str, leaf: str) -> str:
    return f"{path}.{leaf}" if path else leaf


def _equal(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


def _batch(network: nn.Module, batch: Batch) -> Batch:
    return batch.to(next(network.parameters(), torch.empty(0)).device)
