//! The browser's own style sheet (HTML, 15 Rendering).

/// Without the rules that depend on attributes or on the parent, which are in `cascade`.
pub(super) const SHEET: &str = "
html, body, div, p, h1, h2, h3, h4, h5, h6, header, footer, main, section, article, aside, nav, address, hgroup,
blockquote, figure, figcaption, pre, ul, ol, dl, dt, dd, hr { display: block }
head, title, meta, style { display: none }
body { margin: 8px }
p, ul, ol, dl, pre { margin: 1em 0 }
blockquote, figure { margin: 1em 40px }
h1 { font-size: 2em; margin: .67em 0; font-weight: bold }
h2 { font-size: 1.5em; margin: .83em 0; font-weight: bold }
h3 { font-size: 1.17em; margin: 1em 0; font-weight: bold }
h4 { margin: 1.33em 0; font-weight: bold }
h5 { font-size: .83em; margin: 1.67em 0; font-weight: bold }
h6 { font-size: .67em; margin: 2.33em 0; font-weight: bold }
h1, h2, h3, h4, h5, h6 { break-after: avoid }
h1 { bookmark-level: 1 }
h2 { bookmark-level: 2 }
h3 { bookmark-level: 3 }
h4 { bookmark-level: 4 }
h5 { bookmark-level: 5 }
h6 { bookmark-level: 6 }
ul, ol { padding-left: 40px }
ol { list-style-type: decimal }
ul ul, ol ul { list-style-type: circle }
ul ul ul, ul ol ul, ol ul ul, ol ol ul { list-style-type: square }
ul ul, ul ol, ol ul, ol ol { margin: 0 }
li { display: list-item }
dd { margin-left: 40px }
hr { margin: .5em auto; border: 1px solid #9a9a9a; border-right-color: #eee; border-bottom-color: #eee; color: gray }
pre { white-space: pre }
b, strong { font-weight: bolder }
u, ins { text-decoration: underline }
s, del { text-decoration: line-through }
small { font-size: smaller }
sub { vertical-align: sub; font-size: smaller }
sup { vertical-align: super; font-size: smaller }
mark { background: yellow; color: black }
table { display: table; border-spacing: 2px; box-sizing: border-box; text-indent: 0 }
caption { display: table-caption; text-align: center }
colgroup { display: table-column-group }
col { display: table-column }
thead { display: table-header-group; vertical-align: middle; break-inside: avoid }
tbody { display: table-row-group; vertical-align: middle }
tfoot { display: table-footer-group; vertical-align: middle; break-inside: avoid }
tr { display: table-row; vertical-align: inherit }
td, th { display: table-cell; vertical-align: inherit; padding: 1px }
th { font-weight: bold }
";
