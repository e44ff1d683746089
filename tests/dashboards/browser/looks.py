"""What a page looks like: contrast as the browser computes it."""

from __future__ import annotations

import time
from typing import Any

from tests.dashboards.browser.driver import Visit

ENOUGH = 4.5
"""Contrast that WCAG 2 asks of text (level AA)."""

READ = {
    "ticks": ".xtick text, .ytick text, .x2tick text, .y2tick text",
    "chart titles": ".gtitle",
    "axis titles": ".xtitle, .ytitle",
    "legends": ".legendtext",
    "annotations": ".annotation-text",
    "captions": '[data-testid="stCaptionContainer"] p',
    # the number at a slider's thumb stands above the thumb, which is its parent
    "paragraphs": (
        '[data-testid="stMarkdownContainer"] p:not([data-testid="stSliderThumbValue"] p),'
        '[data-testid="stHtml"] p'
    ),
}
"""What is read on a page, as CSS."""


def faint(visit: Visit) -> list[str]:
    """Name every kind of text on the page that stands out too little from what is behind it."""
    found = []
    for kind, selector in READ.items():
        for seen in visit.page.locator(selector).evaluate_all(_CONTRAST):
            if seen["ratio"] < ENOUGH:
                found.append(f"{kind}: {seen['text']!r} {seen['ratio']:.2f}")
    return sorted(set(found))


def faint_at_last(visit: Visit, seconds: float = 20) -> list[str]:
    """The same when the page has come to rest: charts are painted again after a change of theme."""
    end = time.monotonic() + seconds
    while (found := faint(visit)) and time.monotonic() < end:
        visit.page.wait_for_timeout(100)
    return found


def shown(visit: Visit, selector: str) -> list[Any]:
    """How many texts of a kind there are, each with its contrast."""
    return visit.page.locator(selector).evaluate_all(_CONTRAST)


_CONTRAST = """nodes => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const parse = text => {       // any CSS colour, as [r, g, b, alpha]
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = '#000'; canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map(
        i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const light = colour => {
        const [r, g, b] = colour.slice(0, 3).map(c => c / 255).map(
            c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = node => {      // backgrounds of all ancestors, the outermost first
        const layers = [];
        for (let at = node; at; at = at.parentElement) {
            layers.push(parse(getComputedStyle(at).backgroundColor));
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const strength = node => {
        let found = 1;
        for (let at = node; at; at = at.parentElement) found *= +getComputedStyle(at).opacity;
        return found;
    };
    const kept = nodes.filter(node => node.textContent.trim() && node.getClientRects().length
            && node.checkVisibility({opacityProperty: true, visibilityProperty: true}));
    return kept.map(node => {
        const style = getComputedStyle(node);
        const ink = parse(node instanceof SVGElement ? style.fill : style.color);
        ink[3] *= strength(node) * (node instanceof SVGElement ? +style.fillOpacity : 1);
        const ground = behind(node);
        const [a, b] = [light(over(ink, ground)), light(ground)].sort((x, y) => y - x);
        if (ink[3] < 0.05) return {text: '', ratio: 21};  // shown by hovering only
        return {text: node.textContent.trim().slice(0, 40), ratio: (a + 0.05) / (b + 0.05)};
    });
}"""
