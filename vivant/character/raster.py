"""A software rasteriser: triangles and hair strands into a supersampled z-buffer,
shaded once a pixel.

Screen x and y are in samples (``SAMPLES`` to a pixel each way), the third coordinate is one over
the distance from the camera: it is linear on the screen, and larger is nearer.
"""

from __future__ import annotations

import numba
import numpy as np

SAMPLES = 2  # a pixel, each way: coverage and depth are tested 2 x 2 times a pixel
_jit = numba.njit(cache=True, fastmath=True, nogil=True)


@_jit
def raster_triangles(
    screen: np.ndarray,
    triangles: np.ndarray,
    depth: np.ndarray,
    ids: np.ndarray,
    first_id: int,
    cull: bool,
) -> None:
    """Draw triangles into `depth` and `ids`, in place; the nearest wins.

    Parameters
    ----------
    screen
        (n, 3) float32: x, y in samples, one over the distance.
    triangles
        (t, 3) int32 into `screen`, counter-clockwise seen from outside.
    depth, ids
        (H, W) float32, cleared to 0, and int32, cleared to -1.
    first_id
        Written for triangle 0; the next get the numbers after it.
    cull
        Leave out triangles seen from behind.

    Notes
    -----
    A sample belongs to a triangle when it lies on the inner side of all three edge functions
    (J. Pineda, "A parallel algorithm for polygon rasterization", SIGGRAPH 1988). They are computed
    in whole 256ths of a sample, so that a sample on a shared edge goes to exactly one of the two
    triangles: the one whose top or left edge it is.
    """
    height, width = depth.shape
    for k in range(triangles.shape[0]):
        i, j, m = triangles[k, 0], triangles[k, 1], triangles[k, 2]
        x0, y0 = int(np.rint(screen[i, 0] * 256)), int(np.rint(screen[i, 1] * 256))
        x1, y1 = int(np.rint(screen[j, 0] * 256)), int(np.rint(screen[j, 1] * 256))
        x2, y2 = int(np.rint(screen[m, 0] * 256)), int(np.rint(screen[m, 1] * 256))
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0 or (cull and area > 0):
            continue
        w0, w1, w2 = screen[i, 2], screen[j, 2], screen[m, 2]
        if area < 0:
            area = -area
            x1, y1, w1, x2, y2, w2 = x2, y2, w2, x1, y1, w1
        # Sample centres are at 128, 384, ...: the first at or after the lowest corner, and so on.
        left = max(0, (min(x0, x1, x2) + 127) >> 8)
        right = min(width - 1, (max(x0, x1, x2) - 128) >> 8)
        top = max(0, (min(y0, y1, y2) + 127) >> 8)
        bottom = min(height - 1, (max(y0, y1, y2) - 128) >> 8)
        if left > right or top > bottom:
            continue
        ax, ay, bx, by, cx, cy = x2 - x1, y2 - y1, x0 - x2, y0 - y2, x1 - x0, y1 - y0
        px, py = left * 256 + 128, top * 256 + 128
        # Less 1 where a sample on the edge itself belongs to the neighbour.
        a_row = ax * (py - y1) - ay * (px - x1) - (not (ay < 0 or (ay == 0 and ax > 0)))
        b_row = bx * (py - y2) - by * (px - x2) - (not (by < 0 or (by == 0 and bx > 0)))
        c_row = cx * (py - y0) - cy * (px - x0) - (not (cy < 0 or (cy == 0 and cx > 0)))
        along, across = (w1 - w0) / area, (w2 - w0) / area
        for y in range(top, bottom + 1):
            a, b, c = a_row, b_row, c_row
            for x in range(left, right + 1):
                if a >= 0 and b >= 0 and c >= 0:
                    w = w0 + b * along + c * across
                    if w > depth[y, x]:
                        depth[y, x] = w
                        ids[y, x] = first_id + k
                a -= ay << 8
                b -= by << 8
                c -= cy << 8
            a_row += ax << 8
            b_row += bx << 8
            c_row += cx << 8


@_jit
def raster_strands(
    screen: np.ndarray,
    starts: np.ndarray,
    thick: np.ndarray,
    depth: np.ndarray,
    ids: np.ndarray,
    first_id: int,
) -> None:
    """Draw strands as opaque lines one or two samples wide, in place; the nearest wins.

    Parameters
    ----------
    screen
        (n, 3) float32, the vertices of all strands one after another.
    starts
        (s + 1,) int32: strand k is ``screen[starts[k]:starts[k + 1]]``.
    thick
        (n,) bool: two samples wide from this vertex on.
    depth, ids, first_id
        As in `raster_triangles`; a segment's number is `first_id` plus its first vertex.
    """
    height, width = depth.shape
    for k in range(starts.shape[0] - 1):
        for i in range(starts[k], starts[k + 1] - 1):
            x, y, w = screen[i, 0], screen[i, 1], screen[i, 2]
            dx, dy, dw = screen[i + 1, 0] - x, screen[i + 1, 1] - y, screen[i + 1, 2] - w
            steep = abs(dy) > abs(dx)
            steps = int(max(abs(dx), abs(dy))) + 1
            if steps > 4 * width:
                continue
            scale = np.float32(1.0) / np.float32(steps)
            dx *= scale
            dy *= scale
            dw *= scale
            for _ in range(steps):
                column, row = int(np.floor(x)), int(np.floor(y))
                if 0 <= column < width and 0 <= row < height:
                    if w > depth[row, column]:
                        depth[row, column] = w
                        ids[row, column] = first_id + i
                    if thick[i]:
                        row2, column2 = (row, column + 1) if steep else (row + 1, column)
                        if row2 < height and column2 < width and w > depth[row2, column2]:
                            depth[row2, column2] = w
                            ids[row2, column2] = first_id + i
                x += dx
                y += dy
                w += dw


@_jit
def blend_strands(
    screen: np.ndarray,
    starts: np.ndarray,
    radius: np.ndarray,
    alpha: np.ndarray,
    colour: np.ndarray,
    depth: np.ndarray,
    bias: float,
    samples: int,
    picture: np.ndarray,
) -> None:
    """Blend fine, partly transparent strands (brows, lashes, loose hairs) over a finished picture.

    Parameters
    ----------
    screen, starts
        As in `raster_strands`, in samples.
    radius, alpha
        (n,) float32: half the width in pixels, and opacity, at each vertex.
    colour
        (n, 3) float32, linear light.
    depth
        The z-buffer in samples; a strand behind it by more than the fraction `bias` is hidden.
    picture
        (H, W, 3) float32, linear light, changed in place.
    """
    height, width = picture.shape[:2]
    to_pixel = np.float32(1.0 / samples)
    for k in range(starts.shape[0] - 1):
        for i in range(starts[k], starts[k + 1] - 1):
            x0, y0 = screen[i, 0] * to_pixel, screen[i, 1] * to_pixel
            x1, y1 = screen[i + 1, 0] * to_pixel, screen[i + 1, 1] * to_pixel
            half = max(radius[i], radius[i + 1])
            left = max(0, int(min(x0, x1) - half - 1.0))
            right = min(width - 1, int(max(x0, x1) + half + 1.0))
            top = max(0, int(min(y0, y1) - half - 1.0))
            bottom = min(height - 1, int(max(y0, y1) + half + 1.0))
            if right - left > 200 or bottom - top > 200:
                continue
            dx, dy = x1 - x0, y1 - y0
            length2 = dx * dx + dy * dy + 1e-6
            last = i == starts[k + 1] - 2
            for y in range(top, bottom + 1):
                for x in range(left, right + 1):
                    px, py = x + 0.5 - x0, y + 0.5 - y0
                    t = (px * dx + py * dy) / length2
                    # Each joint belongs to the segment after it, so that no joint is drawn twice.
                    if t < 0.0 or t >= 1.0:
                        if not (last and t >= 1.0) and not (i == starts[k] and t < 0.0):
                            continue
                        t = min(max(t, 0.0), 1.0)
                    ex, ey = px - t * dx, py - t * dy
                    distance = np.sqrt(ex * ex + ey * ey)
                    r = radius[i] + t * (radius[i + 1] - radius[i])
                    cover = min(max(r + 0.5 - distance, 0.0), 1.0) * min(2.0 * r, 1.0)
                    cover *= alpha[i] + t * (alpha[i + 1] - alpha[i])
                    if cover <= 0.004:
                        continue
                    w = screen[i, 2] + t * (screen[i + 1, 2] - screen[i, 2])
                    if w * (1.0 + bias) < depth[y * samples, x * samples]:
                        continue
                    for c in range(3):
                        picture[y, x, c] += cover * (colour[i, c] - picture[y, x, c])


@_jit
def _smooth(edge0: float, edge1: float, x: float) -> float:
    t = min(max((x - edge0) / (edge1 - edge0), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@_jit
def _sample(texture: np.ndarray, u: float, v: float, out: np.ndarray) -> None:
    """Bilinear texture look-up; `u`, `v` from 0 to 1, v downwards."""
    rows, columns, channels = texture.shape
    x = min(max(u * columns - 0.5, 0.0), columns - 1.001)
    y = min(max(v * rows - 0.5, 0.0), rows - 1.001)
    i, j = int(x), int(y)
    fx, fy = x - i, y - j
    for c in range(channels):
        out[c] = (texture[j, i, c] * (1 - fx) + texture[j, i + 1, c] * fx) * (1 - fy) + (
            texture[j + 1, i, c] * (1 - fx) + texture[j + 1, i + 1, c] * fx
        ) * fy


@_jit
def shade(
    ids: np.ndarray,
    depth: np.ndarray,
    screen: np.ndarray,
    point_triangles: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    position: np.ndarray,
    normal: np.ndarray,
    irradiance: np.ndarray,
    colour: np.ndarray,
    uv: np.ndarray,
    shine: np.ndarray,
    skin_texture: np.ndarray,
    iris_texture: np.ndarray,
    eyes: np.ndarray,
    lights: np.ndarray,
    camera: np.ndarray,
    strand_colour: np.ndarray,
    background: np.ndarray,
    samples: int,
    out: np.ndarray,
) -> None:
    """Turn the z-buffer into a picture in linear light.

    Samples of one pixel that show the same material at the same depth are shaded once.

    Parameters
    ----------
    ids, depth
        What `raster_triangles` and `raster_strands` left; strands are numbered after triangles.
    point_triangles, triangles
        (t, 3) int32: the same triangles by points and by corners.
    screen, position, normal, irradiance
        Of each point, (n, 3): screen, world position, unit normal, and light that arrives.
    colour, uv, shine
        Of each corner: base colour (c, 3) in linear light, texture coordinates (c, 2), and how much
        it shines (c,).
    material
        (t,) int8, see `vivant.character.mesh`.
    skin_texture
        (h, w, 4) float32: linear colour and the strength of the highlight.
    iris_texture
        (s, s, 3) float32, linear: the iris seen from the front, inside the unit circle.
    eyes
        (2, 13) float32: centre (3), then right, up and forward axes (9), then the radius.
    lights
        (l, 6) float32: direction to the light, colour; for highlights only.
    camera
        (3,) float32, where it stands.
    strand_colour
        (m, 3) float32 for each strand vertex.
    background
        (H, W, 3) float32, linear light.
    out
        (H, W, 3) float32, written.
    """
    height, width = out.shape[:2]
    n_triangles = triangles.shape[0]
    per_pixel = samples * samples
    texel = np.zeros(4, np.float32)
    iris = np.zeros(3, np.float32)
    result = np.zeros(3, np.float32)
    for y in range(height):
        for x in range(width):
            red = np.float32(0.0)
            green = np.float32(0.0)
            blue = np.float32(0.0)
            first = ids[y * samples, x * samples]
            same = True
            nearest = depth[y * samples, x * samples]
            farthest = nearest
            kind = -1
            if 0 <= first < n_triangles:
                kind = material[first]
            for sy in range(samples):
                for sx in range(samples):
                    k = ids[y * samples + sy, x * samples + sx]
                    if (
                        (k < 0) != (first < 0)
                        or k >= n_triangles
                        or (k >= 0 and material[k] != kind)
                    ):
                        same = False
                    w = depth[y * samples + sy, x * samples + sx]
                    nearest = max(nearest, w)
                    farthest = min(farthest, w)
            if same and first < 0:
                for c in range(3):
                    out[y, x, c] = background[y, x, c]
                continue
            if same and nearest > farthest * 1.0008:
                same = False
            count = 1 if same else per_pixel
            last = -2
            for s in range(count):
                row, column = y * samples + s // samples, x * samples + s % samples
                k = ids[row, column]
                if k < 0:
                    red += background[y, x, 0]
                    green += background[y, x, 1]
                    blue += background[y, x, 2]
                    continue
                if k >= n_triangles:
                    red += strand_colour[k - n_triangles, 0]
                    green += strand_colour[k - n_triangles, 1]
                    blue += strand_colour[k - n_triangles, 2]
                    continue
                if k != last:
                    last = k
                    _shade_sample(
                        k,
                        column + 0.5,
                        row + 0.5,
                        screen,
                        point_triangles,
                        triangles,
                        material,
                        position,
                        normal,
                        irradiance,
                        colour,
                        uv,
                        shine,
                        skin_texture,
                        iris_texture,
                        eyes,
                        lights,
                        camera,
                        texel,
                        iris,
                        result,
                    )
                red += result[0]
                green += result[1]
                blue += result[2]
            out[y, x, 0] = red / count
            out[y, x, 1] = green / count
            out[y, x, 2] = blue / count


@_jit
def _shade_sample(
    k: int,
    px: float,
    py: float,
    screen: np.ndarray,
    point_triangles: np.ndarray,
    triangles: np.ndarray,
    material: np.ndarray,
    position: np.ndarray,
    normal: np.ndarray,
    irradiance: np.ndarray,
    colour: np.ndarray,
    uv: np.ndarray,
    shine: np.ndarray,
    skin_texture: np.ndarray,
    iris_texture: np.ndarray,
    eyes: np.ndarray,
    lights: np.ndarray,
    camera: np.ndarray,
    texel: np.ndarray,
    iris: np.ndarray,
    result: np.ndarray,
) -> None:
    i, j, m = point_triangles[k, 0], point_triangles[k, 1], point_triangles[k, 2]
    ci, cj, cm = triangles[k, 0], triangles[k, 1], triangles[k, 2]
    x2, y2 = screen[m, 0], screen[m, 1]
    area = (screen[j, 0] - screen[i, 0]) * (y2 - screen[i, 1]) - (x2 - screen[i, 0]) * (
        screen[j, 1] - screen[i, 1]
    )
    a = ((screen[j, 1] - y2) * (px - x2) + (x2 - screen[j, 0]) * (py - y2)) / area
    b = ((y2 - screen[i, 1]) * (px - x2) + (screen[i, 0] - x2) * (py - y2)) / area
    g = 1.0 - a - b
    nx = a * normal[i, 0] + b * normal[j, 0] + g * normal[m, 0]
    ny = a * normal[i, 1] + b * normal[j, 1] + g * normal[m, 1]
    nz = a * normal[i, 2] + b * normal[j, 2] + g * normal[m, 2]
    wx = a * position[i, 0] + b * position[j, 0] + g * position[m, 0]
    wy = a * position[i, 1] + b * position[j, 1] + g * position[m, 1]
    wz = a * position[i, 2] + b * position[j, 2] + g * position[m, 2]
    light_r = a * irradiance[i, 0] + b * irradiance[j, 0] + g * irradiance[m, 0]
    light_g = a * irradiance[i, 1] + b * irradiance[j, 1] + g * irradiance[m, 1]
    light_b = a * irradiance[i, 2] + b * irradiance[j, 2] + g * irradiance[m, 2]
    gloss = a * shine[ci] + b * shine[cj] + g * shine[cm]
    kind = material[k]
    vx, vy, vz = camera[0] - wx, camera[1] - wy, camera[2] - wz
    scale = 1.0 / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx *= scale
    vy *= scale
    vz *= scale
    f0 = 0.035
    if kind == 0:
        u = a * uv[ci, 0] + b * uv[cj, 0] + g * uv[cm, 0]
        v = a * uv[ci, 1] + b * uv[cj, 1] + g * uv[cm, 1]
        _sample(skin_texture, u, v, texel)
        inside = a * colour[ci, 0] + b * colour[cj, 0] + g * colour[cm, 0]
        # `colour` of skin says how far inside the mouth it is: 0 outside, 1 in the dark cavity.
        red = texel[0] * (1.0 - inside) + 0.16 * inside
        green = texel[1] * (1.0 - inside) + 0.030 * inside
        blue = texel[2] * (1.0 - inside) + 0.032 * inside
        gloss *= texel[3]
    elif kind == 1:
        side = 0 if wx > 0.5 * (eyes[0, 0] + eyes[1, 0]) else 1
        dx, dy, dz = wx - eyes[side, 0], wy - eyes[side, 1], wz - eyes[side, 2]
        scale = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz)
        dx *= scale
        dy *= scale
        dz *= scale
        ex = dx * eyes[side, 3] + dy * eyes[side, 4] + dz * eyes[side, 5]
        ey = dx * eyes[side, 6] + dy * eyes[side, 7] + dz * eyes[side, 8]
        ez = dx * eyes[side, 9] + dy * eyes[side, 10] + dz * eyes[side, 11]
        nx, ny, nz = dx, dy, dz
        limbus = eyes[side, 12]
        across = np.sqrt(ex * ex + ey * ey)
        radial = across / limbus if ez > 0.0 else 2.0
        # Sclera: off-white, redder towards the corners.
        corner = min(across * across * 1.4, 1.0)
        red, green, blue = 0.70 - 0.06 * corner, 0.64 - 0.20 * corner, 0.60 - 0.20 * corner
        if radial < 1.12:
            # The iris lies behind the cornea: seen from the side it shifts towards the viewer.
            sx = vx * eyes[side, 3] + vy * eyes[side, 4] + vz * eyes[side, 5]
            sy = vx * eyes[side, 6] + vy * eyes[side, 7] + vz * eyes[side, 8]
            behind = 0.10 * max(1.0 - radial * radial, 0.0)
            qx, qy = ex / limbus - behind * sx, ey / limbus - behind * sy
            _sample(iris_texture, 0.5 + 0.5 * qx / 1.15, 0.5 - 0.5 * qy / 1.15, iris)
            edge = 1.0 - _smooth(0.90, 1.10, radial)
            red = red * (1 - edge) + iris[0] * edge
            green = green * (1 - edge) + iris[1] * edge
            blue = blue * (1 - edge) + iris[2] * edge
            # The cornea bulges: its normal leans out more than the ball's.
            lean = 0.55 * (1.0 - _smooth(0.85, 1.1, radial))
            nx += lean * (ex * eyes[side, 3] + ey * eyes[side, 6])
            ny += lean * (ex * eyes[side, 4] + ey * eyes[side, 7])
            nz += lean * (ex * eyes[side, 5] + ey * eyes[side, 8])
        gloss, f0 = 1.0, 0.03
    else:
        red = a * colour[ci, 0] + b * colour[cj, 0] + g * colour[cm, 0]
        green = a * colour[ci, 1] + b * colour[cj, 1] + g * colour[cm, 1]
        blue = a * colour[ci, 2] + b * colour[cj, 2] + g * colour[cm, 2]
    scale = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
    nx *= scale
    ny *= scale
    nz *= scale
    red *= light_r
    green *= light_g
    blue *= light_b
    facing = max(nx * vx + ny * vy + nz * vz, 0.0)
    grazing = (1.0 - facing) ** 5
    if kind == 4:
        # Cloth: a soft sheen of fibres at grazing angles instead of a highlight.
        fuzz = 0.10 * (1.0 - facing) ** 3
        red += fuzz * light_r * red
        green += fuzz * light_g * green
        blue += fuzz * light_b * blue
    else:
        for q in range(lights.shape[0]):
            lx, ly, lz = lights[q, 0], lights[q, 1], lights[q, 2]
            lit = nx * lx + ny * ly + nz * lz
            if lit <= 0.0:
                continue
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            scale = 1.0 / np.sqrt(hx * hx + hy * hy + hz * hz)
            cosine = max((nx * hx + ny * hy + nz * hz) * scale, 0.0)
            squared = cosine * cosine
            fourth = squared * squared
            broad = fourth * fourth
            across = max((lx * hx + ly * hy + lz * hz) * scale, 0.0)
            fresnel = f0 + (1.0 - f0) * (1.0 - across) ** 5
            if kind == 1:
                # A soft box is seen in the eye as a small bright window.
                lobe = 14.0 * _smooth(0.9930, 0.9965, cosine)
            else:
                # Cosine to the 24th for skin and tongue, to the 56th for teeth.
                sharp = broad * broad * broad
                if kind == 2:
                    lobe = 8.0 * sharp * broad * broad * broad * broad
                elif kind == 0:
                    lobe = 2.6 * sharp + 0.70 * broad
                else:
                    lobe = 4.0 * sharp
            amount = gloss * fresnel * lobe * lit
            # Highlights fade where the light itself is shadowed.
            shadow = min(light_g * 1.4, 1.0) if kind != 1 else min(light_g * 2.0, 1.0)
            red += amount * lights[q, 3] * shadow
            green += amount * lights[q, 4] * shadow
            blue += amount * lights[q, 5] * shadow
        if kind == 0:
            rim = gloss * 0.25 * grazing
            red += rim * light_r
            green += rim * light_g
            blue += rim * light_b
    result[0], result[1], result[2] = red, green, blue


@_jit
def develop(
    linear: np.ndarray, grain: np.ndarray, exposure: float, curve: np.ndarray, out: np.ndarray
) -> None:
    """Expose, add grain and apply the tone curve: linear light to uint8 RGB.

    Parameters
    ----------
    linear
        (H, W, 3) float32.
    grain
        (H, W) float32, added after the curve, in levels of 255.
    curve
        (n,) float32: output level for linear values from 0 to 4, evenly spaced.
    out
        (H, W, 3) uint8, written.
    """
    height, width = out.shape[:2]
    steps = (curve.shape[0] - 2) / 4.0
    for y in range(height):
        for x in range(width):
            noise = grain[y, x] + 0.5
            for c in range(3):
                value = min(max(linear[y, x, c] * exposure, 0.0), 4.0) * steps
                i = int(value)
                level = curve[i] + (value - i) * (curve[i + 1] - curve[i]) + noise
                out[y, x, c] = np.uint8(min(max(level, 0.0), 255.0))


@_jit
def seen_from(
    screen: np.ndarray, depth: np.ndarray, bias: float, softness: float, out: np.ndarray
) -> None:
    """How far each point is visible in a depth map: (n,) 0 to 1, smoothed over `softness`."""
    height, width = depth.shape
    for i in range(screen.shape[0]):
        x, y = screen[i, 0], screen[i, 1]
        seen = 0.0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                column = min(max(int(x + 0.7 * dx), 0), width - 1)
                row = min(max(int(y + 0.7 * dy), 0), height - 1)
                behind = depth[row, column] - screen[i, 2] - bias
                seen += 1.0 - min(max(behind / softness, 0.0), 1.0)
        out[i] = seen / 9.0
