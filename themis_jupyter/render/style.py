"""The style sheet of reports and tables: JupyterLab's own variables, scoped to class ``themis``.

Each colour is JupyterLab's, else Visual Studio Code's, else one that can be seen on both a light
and a dark page; text keeps the page's own colour, so that its contrast is the page's.
"""

from __future__ import annotations

# Rules are doubled (.themis.themis) where JupyterLab's own rules for rendered tables must yield.
_RULES = """
.themis{
--t-ok:var(--jp-success-color1,var(--vscode-testing-iconPassed,#388e3c));
--t-warn:var(--jp-warn-color1,var(--vscode-editorWarning-foreground,#d17a00));
--t-bad:var(--jp-error-color1,var(--vscode-errorForeground,#d93a3a));
--t-calm:var(--jp-content-font-color2,var(--vscode-descriptionForeground,#8a8a8a));
--t-brand:var(--jp-brand-color1,var(--vscode-progressBar-background,#1e88e5));
--t-line:var(--jp-border-color2,var(--vscode-widget-border,rgba(128,128,128,.35)));
--t-sunk:var(--jp-layout-color2,var(--vscode-textCodeBlock-background,rgba(128,128,128,.13)));
--t-page:var(--jp-cell-editor-background,var(--vscode-textCodeBlock-background,rgba(128,128,128,.08)));
--t-code:var(--jp-code-font-family,var(--vscode-editor-font-family,Menlo,Consolas,monospace));
--t-tone:var(--t-calm);
font-family:var(--jp-ui-font-family,system-ui,sans-serif);
font-size:var(--jp-ui-font-size1,13px);line-height:1.5;
color:var(--jp-content-font-color1,inherit);
border-left:3px solid var(--t-tone);padding:2px 0 2px 12px;margin:4px 0;max-width:70em}
.themis.themis-plain{border:0;padding:0;max-width:none}
.themis.themis-good{--t-tone:var(--t-ok)}
.themis.themis-warn{--t-tone:var(--t-warn)}
.themis.themis-bad{--t-tone:var(--t-bad)}
.themis .themis-chip{display:inline-block;border:1px solid var(--t-tone);border-radius:3px;
padding:0 7px;margin-right:5px;white-space:nowrap}
.themis .themis-chip span{color:var(--t-tone)}
.themis .themis-lead{margin-top:3px;overflow-wrap:anywhere}
.themis .themis-dim{color:var(--jp-content-font-color2,var(--vscode-descriptionForeground,inherit))}
.themis .themis-verb{display:inline-block;min-width:9em}
.themis details{margin:3px 0 0}
.themis summary{cursor:pointer;width:fit-content;font-weight:600}
.themis summary .themis-dim{font-weight:400}
.themis .themis-body{margin:2px 0 6px 14px}
.themis.themis ul{list-style:none;margin:0;padding:0}
.themis.themis li{margin:0;overflow-wrap:anywhere}
.themis code,.themis pre{font-family:var(--t-code);font-size:var(--jp-code-font-size,13px);
color:inherit}
.themis code{background:var(--t-sunk);padding:0 3px;border-radius:2px;white-space:pre-wrap}
.themis.themis pre{background:var(--t-page);border:1px solid var(--t-line);margin:0;
padding:8px 10px;border-radius:2px;
max-height:32em;overflow:auto;white-space:pre;line-height:1.35}
.themis.themis table{border-collapse:collapse;table-layout:auto;margin:0;width:auto;
font-size:inherit;border:0;color:inherit}
.themis.themis th,.themis.themis td{text-align:left;vertical-align:top;padding:1px 16px 1px 0;
border:0;white-space:nowrap;line-height:1.5}
.themis.themis td.themis-wide{white-space:normal;overflow-wrap:anywhere;
min-width:16em;max-width:46em}
.themis .themis-diff span{display:inline-block;min-width:100%;border-left:3px solid transparent}
.themis .themis-diff .themis-added{border-left-color:var(--t-ok);
background:var(--vscode-diffEditor-insertedLineBackground,rgba(56,142,60,.18))}
.themis .themis-diff .themis-removed{border-left-color:var(--t-bad);
background:var(--vscode-diffEditor-removedLineBackground,rgba(217,58,58,.18))}
.themis .themis-diff .themis-hunk{color:var(--t-brand)}
.themis .themis-scroll{overflow-x:auto}
.themis.themis thead{border-bottom:1px solid var(--t-line)}
.themis.themis th{font-weight:600;background:none}
.themis.themis tbody tr,.themis.themis tbody tr:hover{background:none}
.themis.themis .themis-number{text-align:right;
font-variant-numeric:tabular-nums}
.themis .themis-track{width:120px;height:1.5em;display:flex;align-items:center}
.themis .themis-bar{height:8px;min-width:1px;border-radius:1px;background:var(--t-brand)}
.themis .themis-bar.themis-back{background:var(--t-warn)}
.themis .themis-bar.themis-bad{background:var(--t-bad)}
"""

STYLE = f"<style>{''.join(_RULES.split(chr(10)))}</style>"
