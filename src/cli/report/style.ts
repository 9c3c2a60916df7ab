import { DARK, LIGHT, type Palette } from './palette.ts';

/** The page's style sheet: light, dark where the reader's system is, light again in print. */
export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Ubuntu,Cantarell,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
main{padding-bottom:1rem}
h1,h2,h3,h4{line-height:1.25;margin:0;font-weight:650;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:1.65rem}
h2{font-size:1.2rem;margin:2.25rem 0 .75rem}
h3{font-size:1rem;display:inline}
h4{font-size:.8125rem;margin:1.5rem 0 .5rem;color:var(--quiet);font-weight:600}
p{margin:.5rem 0;max-width:50rem}
a{color:var(--link)}
a,summary,input,[tabindex]{border-radius:3px}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
code,pre{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.8125rem}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.5rem;padding:.25rem .75rem;background:var(--page);z-index:1}
.quiet{color:var(--quiet)}
.eyebrow{color:var(--quiet);font-size:.875rem;margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.75rem 0 0;padding:0;font-size:.875rem}
.verdict{border-left:6px solid var(--quiet);padding:.25rem 0 .25rem 1rem;margin-top:.75rem}
.verdict.Pass{border-color:var(--pass)}.verdict.Fail{border-color:var(--fail)}.verdict.Inconclusive{border-color:var(--open)}
.verdict h1 .chip{font-size:inherit}
.lead{font-size:1.0625rem;max-width:56rem}
.chip{white-space:nowrap;font-weight:650;font-size:.875rem}
.chip .sign{width:1em;height:1em;vertical-align:-.12em;margin-right:.3em}
.chip.Pass{color:var(--pass)}.chip.Fail{color:var(--fail)}.chip.Undecided,.chip.Inconclusive{color:var(--open)}
[id^=sign-] path,[id^=sign-] circle{fill:none;stroke:currentColor;stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.5rem;margin:1rem 0;padding:0}
.figures div{background:var(--surface);border-radius:6px;padding:.5rem .75rem}
.figures dt{font-size:.8125rem;color:var(--quiet)}
.figures dd{margin:0;font-size:1.125rem;font-weight:600}
.figures dd small{display:block;font-size:.8125rem;font-weight:400;color:var(--quiet)}
.table{overflow-x:auto;margin:.5rem 0;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{padding:.35rem .5rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;background:var(--surface);font-weight:600;font-size:.8125rem;color:var(--quiet);vertical-align:bottom}
tbody th{font-weight:600}
h3.block{display:block;margin:1.5rem 0 .5rem}
.n,.numbers td{text-align:right}
.n,.numbers td,.time{white-space:nowrap}
.numbers thead th+th{text-align:right}
.numbers .wide{text-align:left}
td small{display:block;color:var(--quiet);font-size:.8125rem}
td.name,th.name{min-width:11rem;overflow-wrap:anywhere;font-weight:500}
tr.out td,tr.out th{background:color-mix(in srgb,var(--fail) 7%,transparent)}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;background:var(--page)}
details>summary{cursor:pointer;padding:.55rem .75rem;background:var(--surface);border-radius:6px;overflow-wrap:anywhere}
details[open]>summary{border-bottom:1px solid var(--line);border-radius:6px 6px 0 0}
summary .about{color:var(--quiet);font-size:.875rem}
.body{padding:.25rem .75rem .75rem}
.body details{margin:.75rem 0 0}
.body details>summary{padding:.35rem .65rem;font-size:.875rem}
.pair{display:grid;grid-template-columns:minmax(0,1fr);gap:0 1.75rem}
@media (min-width:64rem){.pair{grid-template-columns:minmax(0,10fr) minmax(0,11fr)}}
.gates{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem 1.5rem}
figure{margin:0;min-width:0}
figcaption{font-size:.8125rem;color:var(--quiet)}
figcaption strong{color:var(--text)}
figcaption span{display:block}
figcaption .chip{display:inline}
#signs{position:absolute}
#overview .name{min-width:15rem;overflow-wrap:break-word}
#overview td:last-child{vertical-align:middle}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;margin:.25rem 0 .6rem;padding:0;font-size:.8125rem;color:var(--quiet)}
.legend svg{width:40px;height:14px;vertical-align:-2px;margin-right:.4em}
svg.plot,svg.spark{display:block;max-width:100%}
svg text{font-size:12px;fill:var(--text);paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}
svg .tick{fill:var(--quiet);font-size:11.5px}
svg .strong{font-weight:650}
svg .quiet{fill:var(--quiet)}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.axis{stroke:var(--axis);stroke-width:1}
.track{stroke:var(--line);stroke-width:1}
.line-live,.line-mirror,.line-fail,.line-pass{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.line-live{stroke:var(--live)}
.line-live.area{fill:var(--area)}
.line-mirror{stroke:var(--mirror);stroke-dasharray:6 3}
.line-fail{stroke:var(--fail)}
.line-pass{stroke:var(--pass);stroke-dasharray:2 3}
.spark path{stroke-width:1.5}
.tolerance{fill:var(--tolerance)}
.limit{stroke:var(--limit);stroke-width:2}
.needed{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:8 4}
.interval{stroke:var(--mirror);stroke-width:3;opacity:.55}
.dot-live{fill:var(--live)}
.dot-mirror{fill:var(--page);stroke:var(--mirror);stroke-width:2;stroke-linejoin:round}
.bar-live{fill:var(--live)}
.bar-mirror{fill:none;stroke:var(--mirror);stroke-width:2}
.span{fill:var(--area);stroke:var(--live);stroke-width:1}
.span.on{fill:none;stroke:var(--mirror);stroke-width:2}
.span.window{fill:var(--live)}
pre{margin:0;padding:.75rem;overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:6px;white-space:pre}
.empty{color:var(--quiet);font-style:italic}
.filter{margin:.5rem 0;font-size:.875rem}
.filter input{font:inherit;padding:.3rem .5rem;border:1px solid var(--axis);background:var(--page);color:var(--text);width:min(22rem,100%)}
[hidden]{display:none!important}
ul.notes{padding-left:1.2rem;max-width:50rem}
footer{padding:1rem 1rem 2rem;font-size:.8125rem;color:var(--quiet)}
@media (max-width:30rem){body{font-size:16px}h1{font-size:1.4rem}.body{padding:.25rem .6rem .6rem}.figures{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media print{
@page{margin:14mm}
body{font-size:10pt}
header,main,footer{max-width:none;padding-left:0;padding-right:0}
nav,.skip,.filter{display:none}
details::details-content{content-visibility:visible;display:block;block-size:auto;overflow:visible}
details>summary{list-style:none}
details>summary::-webkit-details-marker{display:none}
.table{overflow:visible;border-radius:0}
table{font-size:7.5pt}
.table thead th,.table .chip,.table small{font-size:inherit}
.n,.numbers td,.time{white-space:normal}
td,.name{overflow-wrap:anywhere}
#overview .name{min-width:0}
td.name,th.name{min-width:0}
th,td{padding:.2rem .35rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:7.5pt}
h2,h3,h4,summary,figcaption{break-after:avoid}
figure,tr,svg,.verdict,.figures div{break-inside:avoid}
thead{display:table-header-group}
a{color:inherit;text-decoration:none}
.gates{grid-template-columns:repeat(3,1fr)}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}
