"""Every link between files here leads somewhere: files and headings in Markdown, and `docs/NAME.md#HEADING` or `docs/NAME.md, "Heading"` elsewhere.

    .ci/links.py        prints a line a link that leads nowhere, exits with 1 when there is one; then breaks links, each of which must be found
"""

import posixpath
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
# In comments, alerts and messages.
NAMED = re.compile(r"\b(docs/[\w.-]+\.md)(?:#([\w-]+)|, \"([^\"]+)\")?")


def prose(text):
    """The lines outside of blocks of code, with their numbers; what stands in backticks is no link."""
    in_block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_block = not in_block
        elif not in_block:
            yield number, re.sub(r"`[^`]*`", lambda code: "`" + "x" * (len(code[0]) - 2) + "`", line), line


def anchor(heading):
    """As GitHub makes it of a heading."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(text):
    found, counts = set(), {}
    for _, _, line in prose(text):
        if heading := re.match(r"#{1,6}\s+(.*)", line):
            name = anchor(heading[1])
            counts[name] = counts.get(name, -1) + 1
            found.add(f"{name}-{counts[name]}" if counts[name] else name)
    return found


def broken(texts, names):
    """Links of `texts` (contents by name) that lead to no file of `names`, or to no heading."""
    headings = {name: anchors(text) for name, text in texts.items() if name.endswith(".md")}
    folders = {parent.as_posix() for name in names for parent in Path(name).parents}
    for name, text in texts.items():
        if name.endswith(".md"):
            links = [(number, link[1]) for number, line, _ in prose(text) for link in LINK.finditer(line)]
            for number, link in links:
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, place = link.partition("#")
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
                if target not in names and target not in folders:
                    yield f"{name}:{number}: {link}: there is no such file"
                elif place and place not in headings.get(target, set()):
                    yield f"{name}:{number}: {link}: there is no such heading"
        else:
            for number, line in enumerate(text.splitlines(), 1):
                for target, place, heading in NAMED.findall(line):
                    if target not in names:
                        yield f"{name}:{number}: {target}: there is no such file"
                    elif (wanted := place or anchor(heading)) and wanted not in headings[target]:
                        yield f"{name}:{number}: {target}: there is no heading `{wanted}`"


def main():
    names = set(subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines())
    texts = {}
    for name in sorted(names):
        if Path(name).is_file():
            try:
                texts[name] = Path(name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass  # A picture.
    texts.pop(".ci/links.py", None)  # It has the broken ones.
    found = list(broken(texts, names))
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    mistakes = [
        ("docs/clients.md", "](access.md#the-file)", "](access.md#the-files)"),
        ("docs/clients.md", "](errors.md)", "](error.md)"),
        ("deploy/systemd/tills.conf", 'docs/operations.md, "As a systemd service"', 'docs/operations.md, "As a service"'),
        ("deploy/prometheus/alerts.yaml", "docs/operations.md#no-rulebook", "docs/operations.md#no-rule-book"),
    ]
    for name, right, mistake in mistakes:
        planted = {**texts, name: texts[name].replace(right, mistake)}
        if planted == texts or len(list(broken(planted, names))) == len(found):
            sys.exit(f"{name}: the mistake {mistake} was not found")
    if found:
        sys.exit(1)
    print(f"links: {len(texts)} files, each link leads somewhere; {len(mistakes)} broken ones were found")


main()
