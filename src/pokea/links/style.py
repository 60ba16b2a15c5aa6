"""The style of the links' pages: light and dark, from 320 pixels up, and on paper.

It stands in each page, and the page's policy names it by its digest: a sheet of its own would cost a phone a second
round trip before anything is drawn, which on a slow network is half of all the time that there is.
"""

import base64
import hashlib
import re
from typing import Final

_WRITTEN: Final = """
:root {
  color-scheme: light dark;
  --accent: #0a7a45; --on: #fff; --ground: #f3f6f4; --card: #fff; --text: #12211a; --quiet: #56655d;
  --line: #d9e1dc; --edge: #7b8a82; --bad: #b3261e;
  --pokea-accent: #0a7a45;
  font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground);
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: #3ecf86; --on: #0e1411; --ground: #0e1411; --card: #161e1a; --text: #eef4f0; --quiet: #a3b2a9;
    --line: #2c3933; --edge: #84948b; --bad: #ff9b90;
    --pokea-accent: #3ecf86;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 28rem; padding: 1rem max(1rem, env(safe-area-inset-right)) 2rem
  max(1rem, env(safe-area-inset-left)); min-height: 100vh; display: flex; flex-direction: column; gap: 1rem; }
header { display: flex; justify-content: flex-end; }
a { color: var(--accent); overflow-wrap: anywhere; }
header a, .link { display: inline-block; padding: .625rem 0; }
main { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.5rem 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
main > :last-child { margin-bottom: 0; }
.quiet { color: var(--quiet); font-size: .9375rem; }
dl { margin: 0 0 1.25rem; }
dl div { display: flex; gap: 1rem; justify-content: space-between; padding: .5rem 0;
  border-bottom: 1px solid var(--line); }
dt { color: var(--quiet); flex: none; }
dd { margin: 0; text-align: end; overflow-wrap: anywhere; min-width: 0; }
.sum { font-size: 1.25rem; font-weight: 700; }
form { margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin-bottom: .25rem; }
input { width: 100%; font: inherit; font-size: 1.25rem; padding: .625rem .75rem; border: 1px solid var(--edge);
  border-radius: .625rem; background: var(--card); color: inherit; }
input[aria-invalid] { border-color: var(--bad); }
.hint { color: var(--quiet); font-size: .875rem; margin: .25rem 0 1rem; }
.bad { color: var(--bad); }
button { width: 100%; font: inherit; font-weight: 600; padding: .75rem 1rem; border: 0; border-radius: .625rem;
  background: var(--accent); color: var(--on); cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
pokea-checkout { display: block; margin-bottom: 1.25rem; }
.poster { max-width: 40rem; text-align: center; }
.poster h1 { font-size: 2.25rem; }
.poster img { width: min(100%, 22rem); height: auto; background: #fff; border-radius: .5rem; }
.poster .sum { font-size: 1.75rem; }
.poster .at { font-weight: 600; font-size: clamp(.8125rem, 4vw, 1rem); text-wrap: balance; }
@page { size: A4; margin: 18mm; }
@media print {
  :root { color-scheme: light; --text: #000; --quiet: #333; --card: #fff; --ground: #fff; --line: #bbb;
    --accent: #000; }
  body { max-width: none; min-height: 0; padding: 0; }
  header, .screen { display: none; }
  main { border: 0; padding: 0; }
  .poster h1 { font-size: 34pt; }
  .poster img { width: 110mm; }
}
"""
STYLE: Final = re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", _WRITTEN)).strip()
"""The style as the pages carry it, without the blanks that only its readers need."""
STYLE_SOURCE: Final = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""The style as a policy allows it: this text and no other."""
