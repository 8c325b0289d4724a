"""Formats tables as text."""

NUMBER = "–"


def number(value, decimals=0):
    return NUMBER if value is None else f"{value:,.{decimals}f}"


def table(headings, rows):
    """Returns a table with columns as wide as their widest cell; a heading that starts with ">" aligns its column right."""
    cells = [[heading.lstrip(">") for heading in headings], *rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(headings))]
    lines = ["  ".join(f"{cell:{'>' if heading[0] == '>' else '<'}{width}}" for cell, heading, width in zip(line, headings, widths))
             for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def targets(rows):
    words = {True: "yes", False: "NO", None: "not judged"}
    lines = []
    for row in rows:
        lines.append([row["what"], row["measured"], row["target"], words[row["met"]]])
    text = table(["what", "measured", "target", "met"], lines).split("\n")
    details = [f"\n    {row['detail']}" if "detail" in row else "" for row in rows]
    return "\n".join([text[0], *(line + detail for line, detail in zip(text[1:], details))])


def figures(rows):
    return table(
        ["what", "algorithm", "kernel", ">rate", ">proofs/s", ">server CPU us/proof", ">range", ">p50 us", ">p99 us", ">errors"],
        [[row["name"], row["algorithm"], row["kernel"], number(row["rate"]) if row["rate"] else "closed loop",
          number(row["achieved_rate"]), number(row["server_cpu_us_per_proof"], 2),
          " to ".join(number(value, 2) for value in row["server_cpu_us_range"] or [None]),
          number(row["p50_us"]), number(row["p99_us"]), number(row["errors"])] for row in rows])
