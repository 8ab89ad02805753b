"""The script that makes a page equal to new HTML, in a real browser: all becomes so, and what people hold stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process import demo
from tests.real.chromium import Page, chromium

pytestmark = pytest.mark.real

ROWS = "".join(f'<li data-key="{name}">{name}<input value="{name}"></li>' for name in "abcd")
PAIRS = [
    ("<p>a</p>", "<p>b</p>"),
    ("<p>a</p>", ""),
    ("", "<p>a</p><p>b</p>"),
    ("<p>a</p><p>b</p>", "<h2>t</h2><p>b</p>"),
    ("<p class='x' title='y'>a</p>", "<p class='z'>a</p>"),
    ("text<b>x</b>", "<b>x</b>text"),
    (f"<ul>{ROWS}</ul>", '<ul><li data-key="d">d</li><li data-key="n">n</li><li data-key="a">a</li></ul>'),
    ('<ul><li data-key="a">a</li></ul>', '<ol><li data-key="a">a</li></ol>'),
    ("<table><tbody><tr data-key=1><td>1</td></tr></tbody></table>",
     "<table><tbody><tr data-key=2><td>2</td></tr><tr data-key=1><td>9</td></tr></tbody></table>"),
    ('<svg><use href="#a"></use></svg>', '<svg><use href="#b"></use></svg>'),
    ("<select><option>a</option></select>", "<select><option>b</option><option selected>c</option></select>"),
    ("<details><summary>s</summary>a</details>", "<details><summary>s</summary>b</details>"),
]  # fmt: skip
SETUP = """import('/static/morph.js').then(({ morphChildren }) => {
  document.querySelector('main').innerHTML = '<div id="root"></div>';
  const root = document.querySelector('#root');
  const made = (html) => { const t = document.createElement('template'); t.innerHTML = html; return t.content; };
  window.put = (html) => root.replaceChildren(made(html));
  window.become = (html) => (morphChildren(root, made(html)), root.innerHTML);
  window.plain = (html) => { const d = document.createElement('div'); d.append(made(html)); return d.innerHTML; };
})"""


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    with demo(tmp_path / "d") as desk:
        async with chromium(tmp_path / "profile") as page:
            await page.open(f"{desk.url}/settings")
            await page.until("document.querySelector('#link.live') !== null")
            await page.run(f"{SETUP}.then(() => true)")
            yield page


async def become(page: Page, html: str) -> str:
    return str(await page.run(f"window.become({json.dumps(html)})"))


async def put(page: Page, html: str) -> None:
    await page.run(f"window.put({json.dumps(html)}); true")


async def test_it_becomes_what_was_sent(page: Page) -> None:
    """Whatever it was before: text, attributes, rows that move, come and go."""
    for before, after in PAIRS:
        await put(page, before)
        assert await become(page, after) == await page.run(f"window.plain({json.dumps(after)})"), (before, after)


async def test_every_order_of_rows_becomes_every_other(page: Page) -> None:
    """Keyed rows stay themselves: the very same elements, in their new places."""
    script = """(() => {
      const all = ['', 'a', 'b', 'ab', 'ba', 'abc', 'cab', 'bca', 'dbac', 'abcd', 'dcba', 'xaybzc'];
      const html = (names) => [...names].map((name) => `<li data-key="${name}">${name}</li>`).join('');
      const wrong = [];
      for (const from of all) for (const to of all) {
        window.put(html(from));
        const known = new Map([...document.querySelectorAll('#root li')].map((row) => [row.dataset.key, row]));
        window.become(html(to));
        const rows = [...document.querySelectorAll('#root li')];
        const same = rows.every((row) => !known.has(row.dataset.key) || known.get(row.dataset.key) === row);
        if (rows.map((row) => row.textContent).join('') !== to || !same) wrong.push(`${from} -> ${to}`);
      }
      return wrong;
    })()"""
    assert await page.run(script) == []


async def test_what_somebody_holds_stays(page: Page) -> None:
    """The focus, the caret, what was typed and opened and chosen; rows come above, and its own row is told anew."""
    row = '<tr data-key="r"><td>{}</td><td><input name="x" value="{}"></td></tr>'
    frame = (
        "<table><tbody>{}</tbody></table><details id=d><summary>s</summary>{}</details>"
        "<select id=s><option>1</option><option>2</option></select>"
    )
    await put(page, frame.format(row.format("old", "1"), "a"))
    await page.run("document.querySelector('#root').dataset.part = 'x'; true")
    await page.run(
        "(() => { const box = document.querySelector('#root input'); box.focus(); box.value = '12.5';"
        " box.setSelectionRange(2, 3); document.querySelector('#d').open = true;"
        " const s = document.querySelector('#s');"
        " s.value = '2'; s.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )
    new = '<tr data-key="n"><td>new</td></tr>' + row.format("newer", "2")
    await become(page, frame.format(new, "b"))
    held = await page.run(
        "(() => { const box = document.activeElement;"
        " return [box.name, box.value, box.selectionStart, box.selectionEnd,"
        " document.querySelector('#d').open, document.querySelector('#s').value,"
        " document.querySelector('[data-key=r] td').textContent, document.querySelector('#d').textContent]; })()"
    )
    assert held == ["x", "12.5", 2, 3, True, "2", "newer", "sb"]


async def test_what_a_script_drew_is_left_alone(page: Page) -> None:
    """data-keep: a chart stays while all around it changes."""
    await put(page, '<p>1</p><div id="chart" data-keep></div>')
    await page.run("document.querySelector('#chart').innerHTML = '<canvas></canvas>'; true")
    assert await become(page, '<p>2</p><div id="chart" data-keep></div>') == (
        '<p>2</p><div id="chart" data-keep=""><canvas></canvas></div>'
    )


async def test_html_that_people_wrote_stays_words(page: Page) -> None:
    """What the server escaped is not unescaped on the way."""
    await become(page, "<p>&lt;img src=x onerror=alert(1)&gt;</p>")
    assert await page.run("document.querySelectorAll('#root img').length") == 0
