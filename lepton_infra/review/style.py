"""How the page of a review looks."""

from typing import Final

STYLE: Final = """
:root{--ink:#1f2328;--soft:#59636e;--ground:#f6f8fa;--card:#fff;--line:#d1d9e0;--bad:#cf222e;--warn:#9a6700;--good:#1a7f37;--blue:#0969da}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--ground:#010409;--card:#0d1117;--line:#3d444d;--bad:#f85149;
--warn:#d29922;--good:#3fb950;--blue:#4493f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:1060px;margin:0 auto;padding:16px}
header p{margin:0;color:var(--soft)}
h1{font-size:26px;line-height:1.2;margin:0 0 14px;overflow-wrap:anywhere}
h1 span{color:var(--soft);font-weight:400}
h2{font-size:17px;margin:0;display:inline}
h2 i{color:var(--soft);font-style:normal;font-weight:400}
h3{font-size:14px;font-weight:400;color:var(--soft);margin:14px 0 4px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px}
.tile,section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.tile{border-top:4px solid var(--line)}
.tile.bad{border-top-color:var(--bad)}.tile.warn{border-top-color:var(--warn)}.tile.good{border-top-color:var(--good)}
.tile b{display:block;font-size:24px;line-height:1.2}
.tile span,.tile small{display:block}
small,.tile small{color:var(--soft);font-size:13px}
section{margin-top:14px}
summary{cursor:pointer}
.list+details,details+details,table+details{margin-top:8px}
.list{list-style:none;margin:8px 0 0;padding:0}
.list li{padding:9px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.list p{margin:3px 0}
code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.tag{display:inline-block;font-size:12px;font-weight:600;border:1px solid;border-radius:10px;padding:0 8px}
.critical,.high{color:var(--bad)}.medium{color:var(--warn)}.low{color:var(--blue)}
.money{width:100%;border-collapse:collapse;margin-top:8px}
.money th,.money td{padding:7px 4px;border-top:1px solid var(--line);text-align:right;vertical-align:top;font-weight:400}
.money thead th{border:0;color:var(--soft);font-size:13px}
.money th:first-child{text-align:left}
.money td small{display:block}
.money .sum th,.money .sum td{font-weight:600}
.share{display:block;width:100%;max-width:220px;height:4px;margin-top:5px;fill:var(--blue)}
@media (max-width:520px){.money{font-size:13px}.money th,.money td{padding:7px 2px}.money td small{font-size:11px}}
.alarm{margin:8px 0 0;color:var(--bad)}
.move{display:grid;grid-template-columns:1fr auto;column-gap:10px}.move>span:nth-child(2){text-align:right}.move p{grid-column:1/-1}
.picture{overflow-x:auto;margin-top:10px}
.picture svg{display:block;margin:0 auto}
.picture .lepton{background:none}
"""
