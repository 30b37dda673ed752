import { figureVariables } from "./theme.ts";

const light = `color-scheme:light;${figureVariables("light")}--text:#16191d;--soft:#565d66;--line:#d3d8de;--panel:#f4f6f8;--link:#00568a;--good:#00694c;--bad:#b3261e;--neutral:#565d66;--best:#e0f0e9`;
const dark = `color-scheme:dark;${figureVariables("dark")}--text:#e8ebef;--soft:#a3abb6;--line:#343a43;--panel:#1c2027;--link:#7cc4f2;--good:#4fd1a5;--bad:#ff8a80;--neutral:#a3abb6;--best:#173a30`;

/**
 * The style of a report: system fonts, light and dark by variables, narrow screens, print.
 * The best cells are stroked and not set in bold, whose wider digits would not align.
 */
export const pageStyle = `
:root{${light}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${dark}}}
:root[data-theme=dark]{${dark}}
*{box-sizing:border-box}
body{margin:0;background:var(--forty-page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;overflow-wrap:break-word}
header,main{max-width:1280px;margin:0 auto;padding:0 20px}
header{display:flex;justify-content:space-between;align-items:flex-start;gap:16px;padding-top:24px}
h1{font-size:1.7rem;line-height:1.2;margin:0}
h2{font-size:1.25rem;margin:2.2em 0 .5em;padding-bottom:.25em;border-bottom:1px solid var(--line)}
p{max-width:75ch;margin:.5em 0}
.subtitle,.n,small{color:var(--soft)}
sub,sup{line-height:0;font-size:75%}
button{font:inherit;font-size:.85rem;color:var(--link);background:none;border:1px solid var(--line);border-radius:6px;padding:4px 10px;cursor:pointer;white-space:nowrap}
button.save{padding:0 6px;font-size:.75rem}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.verdict{margin:20px 0;padding:14px 18px;background:var(--panel);border-left:5px solid var(--neutral);border-radius:6px}
.verdict.good{border-color:var(--good)}
.verdict.bad{border-color:var(--bad)}
.verdict p{font-size:1.1rem;margin:0 0 .6em}
.verdict dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,190px),1fr));gap:12px 24px;margin:0}
.verdict dt{color:var(--soft);font-size:.9rem}
.verdict dd{margin:0;font-variant-numeric:tabular-nums}
.verdict strong{font-size:1.25rem}
.verdict small{display:block}
nav{display:flex;flex-wrap:wrap;gap:4px 18px}
a,summary{color:var(--link)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr));gap:28px 24px;align-items:start;margin-top:1em}
figure{margin:0;min-width:0}
figure svg{display:block;width:100%;max-width:520px;height:auto}
figcaption,.caption{font-size:.9rem;line-height:1.4;max-width:75ch;margin:6px 0}
.table{margin:1.2em 0}
.scroll{overflow-x:auto;background:linear-gradient(90deg,var(--forty-page) 30%,transparent) 0 0/40px 100% local,linear-gradient(270deg,var(--forty-page) 30%,transparent) 100% 0/40px 100% local,linear-gradient(90deg,var(--line),transparent) 0 0/12px 100% scroll,linear-gradient(270deg,var(--line),transparent) 100% 0/12px 100% scroll;background-repeat:no-repeat}
table{border-collapse:collapse;font-size:.95rem;border-top:2px solid var(--text);border-bottom:2px solid var(--text)}
td.word{white-space:nowrap}
th,td{padding:4px 14px 4px 8px;text-align:left;vertical-align:baseline}
thead th{border-bottom:1px solid var(--text);vertical-align:bottom}
tbody th{font-weight:400;min-width:8.5em}
tbody tr+tr>*{border-top:1px solid var(--line)}
tr.reference>*{color:var(--soft)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.pm{color:var(--soft)}
.blank{visibility:hidden}
.best{-webkit-text-stroke:.5px currentColor;background:var(--best)}
.best .pm{color:inherit}
.notes{font-size:.95rem;max-width:75ch;padding-left:1.2em}
details{margin:1em 0}
summary{cursor:pointer;font-weight:600}
pre{overflow:auto;max-height:60vh;background:var(--panel);border-radius:6px;padding:12px;font-size:.82rem;line-height:1.4}
main{padding-bottom:48px}
@media (max-width:480px){header,main{padding-left:12px;padding-right:12px}h1{font-size:1.35rem}th,td{padding:4px 8px 4px 4px}}
@media print{:root,:root[data-theme=dark]{${light}}button,nav{display:none!important}body{font-size:10.5pt}figure,.table,.verdict{break-inside:avoid}.figures{grid-template-columns:1fr 1fr}pre{max-height:none;white-space:pre-wrap}h2{break-after:avoid}}
`;
