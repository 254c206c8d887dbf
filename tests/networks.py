"""Networks that tests draw: as large as their papers', with the papers' own numbers to hold them to."""

from __future__ import annotations

import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        shortcut = nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
        self.downsample = shortcut if stride != 1 or channels != 4 * width else None

    def forward(self, x):
        kept = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        x += kept
        return self.relu(x)


class ResNet(nn.Module):
    """ResNet-50 (He et al. 2016): 25,557,032 parameters, 4.09 G multiply-adds at 224 × 224."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage, (depth, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
            blocks = []
            for i in range(depth):
                blocks.append(Bottleneck(channels, width, 2 if i == 0 and stage > 1 else 1))
                channels = 4 * width
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(2048, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Double(nn.Sequential):
    def __init__(self, before: int, after: int) -> None:
        super().__init__(nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.Conv2d(after, after, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015) with padded convolutions: 31,031,810 parameters for two classes."""

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512)) -> None:
        super().__init__()
        self.down = nn.ModuleList(Double(a, b) for a, b in zip((3, *widths), widths, strict=False))
        self.pool, self.middle = nn.MaxPool2d(2), Double(widths[-1], 2 * widths[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * one, one, 2, 2) for one in widths[::-1])
        self.decode = nn.ModuleList(Double(2 * one, one) for one in widths[::-1])
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x):
        kept = []
        for block in self.down:
            x = block(x)
            kept.append(x)
            x = self.pool(x)
        x = self.middle(x)
        for up, block, skipped in zip(self.up, self.decode, kept[::-1], strict=True):
            x = block(torch.cat([skipped, up(x)], 1))
        return self.head(x)


class Tagger(nn.Module):
    """Words in, a tag for each out, through two LSTM layers in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.drop = nn.Embedding(5000, 128), nn.Dropout(0.3)
        self.lstm, self.out = nn.LSTM(128, 256, 2, batch_first=True, bidirectional=True), nn.Linear(512, 20)

    def forward(self, words):
        states, _ = self.lstm(self.embed(words))
        return self.out(self.drop(states))


class Encoder(nn.Module):
    """A small transformer that classifies sequences of 64 words."""

    def __init__(self, depth: int = 6) -> None:
        super().__init__()
        self.embed, self.position = nn.Embedding(8000, 256), nn.Parameter(torch.zeros(1, 64, 256))
        layer = nn.TransformerEncoderLayer(256, 4, 1024, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(256), nn.Linear(256, 10)

    def forward(self, words):
        return self.head(self.norm(self.encoder(self.embed(words) + self.position)).mean(1))
