"""Landscapes in perspective: a map of heights, lit by a low sun and seen from a point above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mediakit.canvas import Array, Colour, rgb

SLICES = 480  # distances at which the land is sampled, closer to each other the nearer they are


@dataclass(frozen=True)
class View:
    """Where the land is seen from: cells of the map for x, y and height; `horizon` as a share of the picture."""

    x: float
    y: float
    height: float
    horizon: float
    near: float = 12.0
    far: float = 420.0
    field: float = 0.9  # width of the view, over its distance


def lit(heights: Array, sun: float, elevation: float, ambient: float = 0.35) -> Array:
    """Light on each cell in [0, 1]: the sun stands `elevation` radians high, at the left (`sun` = 1) or right (-1)."""
    slope_y, slope_x = np.gradient(heights)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    towards = (-np.cos(elevation) * sun, -0.35, np.sin(elevation))
    diffuse = (-slope_x * towards[0] - slope_y * towards[1] + towards[2]) / length / np.linalg.norm(towards)
    # A cell is in shadow where the land on the sun's side reaches above the ray to it.
    across = np.arange(heights.shape[1]) * np.tan(elevation)
    rays = (heights + across)[:, ::1] if sun > 0 else (heights + across[::-1])[:, ::-1]
    depth = np.maximum.accumulate(rays, axis=1) - rays
    shadow = depth if sun > 0 else depth[:, ::-1]
    light = np.clip(diffuse, 0, 1) * (1 - np.clip(shadow / 3, 0, 1))
    return (ambient + (1 - ambient) * light).astype(np.float32)


def sampled(field: Array, x: Array, y: Array) -> Array:
    """`field` (rows, columns) between its cells at `x` and `y`, mirrored beyond its edges."""
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(field, (y, x), order=1, mode="mirror", output=np.float32))


def rendered(sky: Array, heights: Array, colours: Array, view: View, haze: tuple[Colour, float]) -> tuple[Array, Array]:
    """The land before `sky` (height, width, 3), and how far away each pixel is (infinite in the sky).

    Every column walks its own ray away from the viewer (the "voxel space" of early flight simulators): the first
    slice that reaches above a row is what that row shows.
    """
    fine = 3  # rows are painted finer and averaged, for smooth ridges
    height, width = sky.shape[0] * fine, sky.shape[1]
    away = view.near + (view.far - view.near) * np.linspace(0, 1, SLICES, dtype=np.float32)[:, None] ** 1.6
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    x, y = view.x + across * away * view.field, view.y + np.repeat(away, width, axis=1)
    reach = (sampled(heights, x, y) - view.height) / away * (width * fine / view.field)
    reach = np.maximum.accumulate(reach, axis=0)
    fog = (1 - np.exp(-(((away - view.near) * haze[1]) ** 1.3)))[..., None]
    shown = np.stack([sampled(colours[..., channel], x, y) for channel in range(3)], axis=-1)
    shown = shown + (rgb(haze[0]) - shown) * fog
    rows = (view.horizon * height - np.arange(height)).astype(np.float32)
    slices = np.stack([np.searchsorted(reach[:, column], rows) for column in range(width)], axis=1)
    land = slices < SLICES
    nearest = np.minimum(slices, SLICES - 1)
    painted = np.where(land[..., None], shown[nearest, np.arange(width)[None, :]], np.repeat(sky, fine, axis=0))
    distance = np.where(land, away[nearest, 0], np.inf).astype(np.float32)
    return painted.reshape(sky.shape[0], fine, width, 3).mean(1), distance[::fine]
