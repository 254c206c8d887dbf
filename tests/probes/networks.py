"""Small networks that hold every construction influence must follow, with weights that nothing is special about."""

import torch
from torch import nn
from torch.nn import functional


def settled(net, shape=(3, 13, 11), seed=0):
    """In evaluation mode, with batch statistics that are not 0 and 1."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, -1.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return net.eval()


class Plain(nn.Module):
    """Stride, padding, dilation, groups, pooling, flattening."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 12, 3, stride=2, padding=2, dilation=2, groups=4, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.c = nn.Conv2d(12, 12, 3, padding="same", groups=12, padding_mode="reflect")
        self.d = nn.Conv2d(12, 6, 1)
        self.e = nn.Linear(6 * 3 * 3, 9)
        self.f = nn.Linear(9, 4)

    def forward(self, x):
        x = functional.relu(self.a(x))
        x = functional.relu(self.norm(self.b(x)), inplace=True)
        x = functional.max_pool2d(x, 2)
        x = functional.leaky_relu(self.c(x), 0.1)
        x = functional.relu6(self.d(x))
        x = torch.flatten(functional.adaptive_avg_pool2d(x, 3), 1)
        return self.f(functional.dropout(torch.tanh(self.e(x)), training=self.training))


class Residual(nn.Module):
    """Bottleneck blocks with a projected and a plain shortcut, in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.one = Block(8, 16, 2)
        self.two = Block(16, 16, 1)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.two(self.one(self.stem(x))).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, 6, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(6)
        self.mix = nn.Conv2d(6, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.short = None
        if stride > 1:
            self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        way = self.relu(self.norm1(self.squeeze(x)))
        way = self.norm2(self.mix(way))
        way += x if self.short is None else self.short(x)
        return self.relu(way)


class Branches(nn.Module):
    """Concatenation, split and a gate for each channel."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.left = nn.Conv2d(8, 4, 1)
        self.right = nn.Sequential(nn.Conv2d(8, 3, 1), nn.ReLU(), nn.Conv2d(3, 6, 3, padding=1))
        self.joined = Joined()
        self.gate = nn.Linear(12, 12)
        self.b = nn.Conv2d(12, 10, 3)
        self.c = nn.Conv2d(5, 7, 1)

    def forward(self, x):
        x = functional.relu(self.a(x))
        x = self.joined(functional.relu(self.left(x)), self.right(x), x)
        x = x * torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        first, second = self.b(x).chunk(2, dim=1)
        return self.c(functional.silu(second)) + first[:, :1]


class Joined(nn.Module):
    def forward(self, left, right, passed):
        return torch.cat([left, functional.relu(right), passed[:, 6:]], dim=1)


class Attentive(nn.Module):
    """Something that is no sum over channels between two layers."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.b = nn.Conv2d(8, 6, 3)
        self.c = nn.Conv2d(6, 5, 1)

    def forward(self, x):
        x = functional.relu(self.b(self.norm(functional.relu(self.a(x)))))
        return self.c(x).mean((2, 3))


class Deciding(nn.Module):
    """Control flow that depends on values: no tracing."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.relu = nn.ReLU()
        self.b = nn.Conv2d(8, 6, 3, padding=1)

    def forward(self, x):
        x = self.relu(self.a(x))
        if x.sum() > 0:
            x = x * 2
        return self.relu(self.b(x)).mean((2, 3))


class Words(nn.Module):
    """Convolutions over one axis, a reused activation."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv1d(4, 8, 3, padding=1)
        self.relu = nn.ReLU()
        self.b = nn.Conv1d(8, 6, 3, stride=2, dilation=2)
        self.c = nn.Linear(6, 3)

    def forward(self, x):
        return self.c(self.relu(self.b(self.relu(self.a(x)))).amax(2))


class Planted(nn.Module):
    """A circuit known in advance: class c is seen by unit c of every layer, through unit c of the layer before.

    The other units see random mixtures, weakly.
    """

    def __init__(self, classes=6, units=24, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.a = nn.Conv2d(classes, units, 3, padding=1)
        self.b = nn.Conv2d(units, units, 3, padding=1)
        self.c = nn.Conv2d(units, units, 1)
        self.head = nn.Linear(units, classes)
        with torch.no_grad():
            for layer in (self.a, self.b, self.c):
                layer.weight.uniform_(0, 0.02)
                layer.bias.zero_()
                for c in range(classes):
                    layer.weight[c] = 0
                    middle = tuple(size // 2 for size in layer.weight.shape[2:])
                    layer.weight[(c, c, *middle)] = 1
            self.head.weight.zero_()
            self.head.bias.zero_()
            self.head.weight[torch.arange(classes), torch.arange(classes)] = 1

    def forward(self, x):
        x = functional.relu(self.a(x))
        x = functional.relu(self.b(x))
        return self.head(functional.relu(self.c(x)).amax((2, 3)))


def planted_images(count=240, classes=6, size=8, seed=0):
    """Images of noise with a spot in the channel of their class; images and labels."""
    random = torch.Generator().manual_seed(seed)
    images = torch.rand(count, classes, size, size, generator=random) * 0.2
    labels = torch.arange(count) % classes
    places = torch.randint(0, size, (2, count), generator=random)
    images[torch.arange(count), labels, places[0], places[1]] += 1.5 + torch.rand(count, generator=random)
    return images, labels.numpy()
