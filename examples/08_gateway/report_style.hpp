// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace gateway {

// Colours: Okabe and Ito's palette, which colour-blind readers can tell apart; dash and shape repeat what colour says.
inline constexpr std::string_view report_style = R"css(
:root{--bg:#fff;--fg:#1b1f24;--soft:#57606a;--rule:#d0d7de;--card:#f6f8fa;--c1:#005a9c;--c2:#b34700;--c3:#00684a;--good:#d9f0e6;--warn:#fbeec2;
--bad:#f8d9cf;--badline:#a33600;--truth:#e6dcf2;--truthtext:#5b3a86;--down:#e3e6ea;--odd:#c9d6e4;--even:#e6ecf2;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--bg:#0f1419;--fg:#e6e9ec;--soft:#a4adb7;--rule:#39424d;--card:#181f27;--c1:#6cb8f0;--c2:#f5a25d;--c3:#5fd3a8;
--good:#123328;--warn:#3d330f;--bad:#452015;--badline:#ff9a73;--truth:#2f2342;--truthtext:#cdb4f2;--down:#2a323c;--odd:#31475f;--even:#22303f}}
*{box-sizing:border-box}
body{overflow-wrap:anywhere;margin:0 auto;padding:16px;max-width:1180px;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.2em 0}h2{font-size:1.25rem;margin:2em 0 .4em;padding-top:.4em;border-top:2px solid var(--rule)}
h3{font-size:1.05rem;margin:1.4em 0 .2em}p{margin:.4em 0;max-width:75ch}.soft{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--rule);border-left:6px solid var(--badline);border-radius:6px;padding:10px 14px;margin:12px 0}
.card.past{border-left-color:var(--soft)}.card.ok{border-left-color:var(--c3)}.card.sensor{border-left-color:var(--c1)}.card h3{margin:.1em 0}.card ul{margin:.3em 0;padding-left:1.2em}
nav{font-size:.9rem}nav a{margin-right:.9em;white-space:nowrap}a{color:var(--c1)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem;margin:.5em 0}th,td{padding:3px 10px 3px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:.5em 0}svg{display:block;width:100%;height:auto}svg.narrow{display:none}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:var(--fg);paint-order:stroke;stroke:var(--bg);stroke-width:2.5px;stroke-linejoin:round}svg .tick{fill:var(--soft)}
svg .name{fill:var(--fg)}svg .label{font-weight:600}
svg text.c1{fill:var(--c1)}svg text.c2{fill:var(--c2)}svg text.c3{fill:var(--c3)}svg text.truth{fill:var(--truthtext)}svg text.cursor,svg text.learning,svg text.down{fill:var(--fg);font-weight:400}
.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--rule);fill:none}.line{fill:none;stroke-width:1.4;stroke-linejoin:round}
.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}.dashed{stroke-dasharray:6 3}.dotted{stroke-dasharray:2 3}
.mark{stroke:var(--soft);stroke-dasharray:3 3;fill:none}.flag.bad{fill:var(--badline)}
.area.good{fill:var(--good)}.area.warn{fill:var(--warn)}.area.bad{fill:var(--bad)}.area.truth{fill:none;stroke:var(--truthtext);stroke-dasharray:4 3}
.area.learning{fill:var(--down);opacity:.75}.area.down{fill:var(--down)}
.bar0{fill:var(--soft)}.bar1{fill:var(--c1)}.odd{fill:var(--odd)}.even{fill:var(--even)}
.s-learning{fill:var(--down)}.s-normal{fill:var(--good);stroke:var(--c3);stroke-width:.4}.s-suspect{fill:var(--warn);stroke:var(--soft);stroke-width:.4}.s-alarmed{fill:var(--badline)}
@media (max-width:760px){svg.wide{display:none}svg.narrow{display:block;max-width:560px}}
@media print{body{max-width:none;font-size:11pt}figure,.card,tr{break-inside:avoid}h2,h3{break-after:avoid}nav{display:none}
:root{--bg:#fff;--fg:#000;--soft:#444;--card:#fff}}
)css";

}  // namespace gateway
