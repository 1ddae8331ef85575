#!/usr/bin/env python3
"""Draws the dashboard with the data of a Prometheus: a picture for the manual, where there is no Grafana.

    deploy/grafana/render.py [--prometheus http://127.0.0.1:9090] [--minutes 15] [--at 2026-11-27T04:25:00Z] [--out docs/dashboard.png]

Titles, queries, units and places come from pricewright.json; only the drawing is its own. Needs matplotlib.
"""

import argparse
import datetime
import io
import json
import math
import pathlib
import re
import time
import urllib.parse
import urllib.request

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
BACK, PANEL, INK, FAINT = "#111217", "#181b1f", "#d8d9da", "#2c3235"
COLORS = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c"}
LINES = ["#73bf69", "#5794f2", "#ff9830", "#b877d9", "#f2cc0c", "#00b5b8", "#f2495c", "#c4a484", "#d8d9da", "#ff85c0"]


def asked(expr, window):
    """A query as Grafana sends it: all jobs, all nodes, a window that holds some scrapes."""
    expr = expr.replace('=~"$job"', '=~".*"').replace('=~"$instance"', '=~".*"')
    return expr.replace("$__rate_interval", window)


def get(base, path, **query):
    with urllib.request.urlopen(f"{base}/api/v1/{path}?{urllib.parse.urlencode(query)}") as answer:
        told = json.load(answer)
    if told["status"] != "success":
        raise SystemExit(told)
    return told["data"]["result"]


def legend(target, metric):
    text = target.get("legendFormat") or ""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda name: metric.get(name[1], ""), text) or ", ".join(metric.values())


def words(value, unit):
    """A number as a person reads it."""
    if value != value:
        return "no data"
    if unit == "s":
        for size, name in [(86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")]:
            if abs(value) >= size:
                return f"{value / size:.3g} {name}"
        return f"{value * 1e6:.3g} µs"
    if unit == "bytes":
        for power, name in enumerate(["B", "KiB", "MiB", "GiB", "TiB"]):
            if abs(value) < 1024 or name == "TiB":
                return f"{value:.3g} {name}"
            value /= 1024
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:.3g} M"
    if abs(value) >= 1_000:
        return f"{value / 1_000:.3g} k"
    return f"{value:.3g}"


def even(unit, top):
    """Ticks at numbers that are round for a person: bytes count in powers of two."""
    if unit != "bytes":
        return MaxNLocator(5)
    return MultipleLocator(2 ** max(0, math.ceil(math.log2(top / 5))))


def draw_stat(axes, panel, base, now, window):
    target = panel["targets"][0]
    found = get(base, "query", query=asked(target["expr"], window), time=now)
    axes.set_xticks([])
    axes.set_yticks([])
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    value = float(found[0]["value"][1]) if found else float("nan")
    color = COLORS[[step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]]
    text = words(value, panel["fieldConfig"]["defaults"]["unit"])
    if not found:
        color = "#6e7077"
    if panel["options"]["textMode"] == "name" and found:
        text = "\n".join(sorted(legend(target, one["metric"]) for one in found))
    size = 9 if text.count("\n") > 1 else 21 if len(text) < 10 else 14
    axes.text(0.5, 0.45, text, color=color, size=size, ha="center", va="center", transform=axes.transAxes)


def draw_lines(axes, panel, base, now, seconds, window):
    defaults = panel["fieldConfig"]["defaults"]
    custom, lines = defaults["custom"], []
    step = max(1, seconds // 200)
    for target in panel["targets"]:
        query = asked(target["expr"], window)
        for one in get(base, "query_range", query=query, start=now - seconds, end=now, step=step):
            points = [(float(at), float(value)) for at, value in one["values"]]
            lines.append((legend(target, one["metric"]), dict(points)))
    if not lines:
        axes.text(0.5, 0.5, "no data", color="#6e7077", ha="center", va="center", transform=axes.transAxes)
    moments = [now - seconds + step * place for place in range(seconds // step + 1)]
    moments = sorted({at for _, points in lines for at in points}) or moments
    dates = [datetime.datetime.fromtimestamp(at, datetime.timezone.utc) for at in moments]
    stacked = custom["stacking"]["mode"] == "normal"
    if stacked and lines:
        values = [[points.get(at, 0.0) for at in moments] for _, points in lines]
        axes.stackplot(dates, values, labels=[name for name, _ in lines], colors=LINES, alpha=0.75)
    else:
        for place, (name, points) in enumerate(lines):
            values = [points.get(at, float("nan")) for at in moments]
            color = LINES[place % len(LINES)]
            axes.plot(dates, values, label=name, color=color, linewidth=1.1)
    scale, unit = custom["scaleDistribution"], defaults["unit"]
    if scale["type"] == "log" and lines:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    elif scale["type"] == "symlog" and lines:
        axes.set_yscale("symlog", base=scale["log"], linthresh=scale["linearThreshold"])
        axes.set_ylim(0)
    elif defaults.get("min") == 0:
        # Nothing but zeros has no scale of its own.
        highest = max((value for _, points in lines for value in points.values()), default=0)
        axes.set_ylim(0, axes.get_ylim()[1] if highest > 0 else 1)
        axes.yaxis.set_major_locator(even(unit, axes.get_ylim()[1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value, unit)))
    axes.xaxis.set_major_locator(AutoDateLocator(maxticks=6))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), show_offset=False))
    axes.grid(color=FAINT, linewidth=0.5)
    # Lines of the grid through an area look like data.
    axes.set_axisbelow(True)
    axes.tick_params(colors="#9fa1a6", labelsize=6.5, length=0)
    if lines:
        rows = -(-min(len(lines), 12) // 3)
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[:12], labels[:12], loc="upper left", bbox_to_anchor=(-0.02, -0.12), ncols=3, fontsize=6,
                    frameon=False, labelcolor=INK, handlelength=1.1, columnspacing=1.2, borderaxespad=0)
        return rows
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=int, default=15)
    parser.add_argument("--at", type=datetime.datetime.fromisoformat, help="the end of the picture; now without it")
    parser.add_argument("--window", default="1m", help="what $__rate_interval stands for")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent.parent / "docs" / "dashboard.png")
    args = parser.parse_args()
    board = json.loads((HERE / "pricewright.json").read_text())
    now, seconds = int(args.at.timestamp() if args.at else time.time()), args.minutes * 60

    high = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    unit = 0.285
    figure = plt.figure(figsize=(15, (high + 2) * unit), facecolor=BACK)
    total = high + 2
    figure.text(0.012, 1 - 1 / total, board["title"], color=INK, size=14, va="center", weight="bold")
    for panel in board["panels"]:
        place = panel["gridPos"]
        top = 1 - (place["y"] + 2) / total
        left, wide, tall = place["x"] / 24, place["w"] / 24, place["h"] / total
        if panel["type"] == "row":
            figure.text(0.012, top - tall / 2, panel["title"], color=INK, size=10, va="center", weight="bold")
            continue
        rim = 0.004
        back = figure.add_axes([left + rim, top - tall + rim * 0.6, wide - 2 * rim, tall - rim * 1.2], facecolor=PANEL)
        back.set_xticks([])
        back.set_yticks([])
        for spine in back.spines.values():
            spine.set_color(FAINT)
        figure.text(left + 0.010, top - 0.75 / total, panel["title"], color=INK, size=8.5, va="center")
        if panel["type"] == "stat":
            box = [left + rim, top - tall + 0.3 / total, wide - 2 * rim, tall - 1.3 / total]
        else:
            box = [left + 0.036, top - tall + 2.7 / total, wide - 0.046, tall - 4.1 / total]
        axes = figure.add_axes(box, facecolor=PANEL)
        for spine in axes.spines.values():
            spine.set_visible(False)
        if panel["type"] == "stat":
            draw_stat(axes, panel, args.prometheus, now, args.window)
        else:
            draw_lines(axes, panel, args.prometheus, now, seconds, args.window)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, facecolor=BACK)
    # A drawing has few colors: a third of the size.
    Image.open(drawn).convert("RGB").quantize(192, dither=Image.Dither.NONE).save(args.out, optimize=True)
    print(args.out)


if __name__ == "__main__":
    main()
