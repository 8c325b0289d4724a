#!/usr/bin/env python3
"""bench/micro/chart.py JSON SVG: draws what `scripts/bench --json` wrote, for docs/.

Microseconds for one key and one proof by batch size, Proofmint beside BoringSSL and OpenSSL one at a time. The
picture follows the reader's light or dark scheme.
"""

import html
import json
import math
import sys

WIDTH, HEIGHT = 960, 756
PANEL_WIDTH, PANEL_HEIGHT = 396, 200
LEFT, TOP, GAP_X, GAP_Y = 60, 142, 76, 96
BAR, BAR_GAP = 18, 2  # pixels
BATCHES = [1, 4, 16, 64, 256]
PANELS = [
    ("es256.keygen", "ES256: one key, by batch size"),
    ("ed25519.keygen", "Ed25519: one key, by batch size"),
    ("es256.proof", "ES256: one whole proof, by batch size"),
    ("ed25519.proof", "Ed25519: one whole proof, by batch size"),
]
SIDES = [("ours", "Proofmint, in batches"), ("boringssl", "BoringSSL, one at a time"), ("openssl", "OpenSSL, one at a time")]

# No CSS variables: not every viewer knows them.
STYLE = """
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px; fill: #52514e; }
  .title { font-size: 20px; font-weight: 600; }
  .panel { font-size: 14px; font-weight: 600; }
  .value { font-size: 9.5px; text-anchor: middle; }
  .batch { text-anchor: middle; }
  .ratio { text-anchor: middle; font-weight: 600; }
  .tick { text-anchor: end; font-size: 11px; }
  .title, .panel, .ratio { fill: #0b0b0b; }
  .surface { fill: #fcfcfb; }
  .grid { stroke: #e1e0d9; }
  .ours { fill: #2a78d6; }
  .boringssl { fill: #eb6834; }
  .openssl { fill: #8a8983; }
  @media (prefers-color-scheme: dark) {
    text { fill: #c3c2b7; }
    .title, .panel, .ratio { fill: #ffffff; }
    .surface { fill: #1a1a19; }
    .grid { stroke: #383835; }
    .ours { fill: #3987e5; }
    .boringssl { fill: #d95926; }
    .openssl { fill: #8a8983; }
  }
"""


def text(x, y, css_class, content):
    return f'<text x="{x:g}" y="{y:g}" class="{css_class}">{html.escape(content)}</text>'


def number(value):
    """Returns a number with two significant digits or more, as many as a bar has room for."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def tick_step(highest):
    """Returns the step, 1, 2 or 5 times a power of ten, that gives at most five ticks."""
    power = 10 ** math.floor(math.log10(highest / 5))
    return next(factor * power for factor in (1, 2, 5, 10) if highest / (factor * power) <= 5)


def bar(x, y, width, height, css_class):
    radius = min(3, height)
    return (f'<path class="{css_class}" d="M{x:g} {y + height:.1f}V{y + radius:.1f}q0 {-radius:g} {radius:g} {-radius:g}'
            f'h{width - 2 * radius:g}q{radius:g} 0 {radius:g} {radius:g}V{y + height:.1f}z"/>')


def panel(rows, name, title, left, top):
    """Returns a panel with one group of bars for each batch size; under it the batch and how many times cheaper than BoringSSL."""
    groups = [(batch, rows[f"{name}.b{batch}"]) for batch in BATCHES if f"{name}.b{batch}" in rows]
    out = [text(left, top - 22, "panel", title)]
    if not groups:
        return out
    highest = max(row[f"{side}_us"] for _, row in groups for side, _ in SIDES)
    scale = PANEL_HEIGHT / (highest * 1.08)
    step = tick_step(highest)
    for i in range(int(highest / step) + 1):
        y = top + PANEL_HEIGHT - i * step * scale
        out.append(f'<line class="grid" x1="{left}" x2="{left + PANEL_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(text(left - 8, y + 4, "tick", f"{i * step:g}"))
    for i, (batch, row) in enumerate(groups):
        center = left + PANEL_WIDTH * (i + 0.5) / len(groups)
        for j, (side, _) in enumerate(SIDES):
            value = row[f"{side}_us"]
            x = center + (j - 1.5) * (BAR + BAR_GAP)
            y = top + PANEL_HEIGHT - value * scale
            out.append(bar(x, y, BAR, value * scale, side))
            out.append(text(x + BAR / 2, y - 4, "value", number(value)))
        out.append(text(center, top + PANEL_HEIGHT + 18, "batch", str(batch)))
        out.append(text(center, top + PANEL_HEIGHT + 34, "ratio", f"{row['ratio_boringssl']:.1f}×"))
    return out


def takes(rows):
    """Returns the line of text about takes from the pool, empty where there are none."""
    parts = []
    for name, label in (("es256.take", "ES256"), ("ed25519.take", "Ed25519")):
        if name in rows:
            row = rows[name]
            parts.append(f"{label} {row['p50_ns']:.0f} ns (p99 {row['p99_ns']:.0f} ns, p99.9 {row['p999_ns'] / 1000:.1f} µs)")
    return "A key from the warm pool, median: " + ", ".join(parts) if parts else ""


def chart(data):
    rows = {row["name"]: row for row in data["rows"]}
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        "<title>Microseconds for a key and a proof, by batch size</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="surface" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        text(24, 36, "title", "What one key and one DPoP proof cost, in microseconds"),
        text(24, 58, "note", f"{data['cpu']}, one thread, kernel {data['kernel']}, {data['compiler']}"),
    ]
    x = 24
    for side, label in SIDES:
        out.append(f'<rect class="{side}" x="{x}" y="72" width="12" height="12" rx="2"/>')
        out.append(text(x + 18, 82, "legend", label))
        x += 44 + 6.4 * len(label)
    for i, (name, title) in enumerate(PANELS):
        left = LEFT + i % 2 * (PANEL_WIDTH + GAP_X)
        top = TOP + i // 2 * (PANEL_HEIGHT + GAP_Y)
        out += panel(rows, name, title, left, top)
    out.append(text(24, HEIGHT - 48, "note", "Bold: times cheaper than BoringSSL, median over rounds that were measured side by side."))
    out.append(text(24, HEIGHT - 26, "note", takes(rows)))
    return "\n".join(out + ["</svg>", ""])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(chart(data))


if __name__ == "__main__":
    main()
