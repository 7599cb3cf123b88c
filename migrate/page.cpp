#include "migrate/page.hpp"

#include <cstdio>

namespace bossa::migrate {
namespace {

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--exact:#2e7d32;--near:#1565c0;--lossy:#b26a00;--none:#b71c1c;--ground:#fff;--ink:#1b1b1b;--faint:#f3f4f6;--line:#d5d8dd}
@media(prefers-color-scheme:dark){:root{--exact:#81c784;--near:#90caf9;--lossy:#ffb74d;--none:#ef9a9a;--ground:#17191c;--ink:#e6e6e6;--faint:#22262b;--line:#3a3f46}}
*{box-sizing:border-box}body{margin:0;padding:1rem 1.5rem;font:15px/1.45 system-ui,sans-serif;background:var(--ground);color:var(--ink)}
h1{font-size:1.3rem;margin:0 0 .3rem}p{margin:.3rem 0 .8rem}
.bar{position:sticky;top:0;background:var(--ground);padding:.5rem 0;display:flex;gap:.5rem;flex-wrap:wrap;align-items:center;border-bottom:1px solid var(--line);z-index:1}
.bar label{border:1px solid var(--line);border-radius:1rem;padding:.15rem .7rem;cursor:pointer}.bar input[type=search]{flex:1;min-width:12rem;padding:.3rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:var(--faint);color:inherit}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}th{font-weight:600;background:var(--faint)}
td code,pre{font:13px/1.5 ui-monospace,monospace;word-break:break-word}tr.row{cursor:pointer}tr.row:hover{background:var(--faint)}
.grade{font-weight:700;white-space:nowrap}.exact .grade,.g-exact{color:var(--exact)}.near .grade,.g-near{color:var(--near)}.lossy .grade,.g-lossy{color:var(--lossy)}.none .grade,.g-none{color:var(--none)}
tr.row>td:first-child{border-left:4px solid transparent}tr.exact>td:first-child{border-left-color:var(--exact)}tr.near>td:first-child{border-left-color:var(--near)}tr.lossy>td:first-child{border-left-color:var(--lossy)}tr.none>td:first-child{border-left-color:var(--none)}
.refused{border:2px solid var(--none);border-radius:.4rem;padding:.5rem .8rem;margin:.5rem 0}.files{display:grid;grid-template-columns:1fr 1fr;gap:1rem}@media(max-width:60rem){.files{grid-template-columns:1fr}}
.file{border:1px solid var(--line);border-radius:.4rem;overflow:auto;max-height:75vh}.file h2{font-size:1rem;margin:0;padding:.4rem .7rem;background:var(--faint);position:sticky;top:0}pre{margin:0;padding:.3rem 0}
.l{display:block;padding:0 .7rem;border-left:4px solid transparent;white-space:pre-wrap}.l i{display:inline-block;width:3rem;opacity:.55;font-style:normal;user-select:none}.l.exact{border-left-color:var(--exact)}.l.near{border-left-color:var(--near)}.l.lossy{border-left-color:var(--lossy)}.l.none{border-left-color:var(--none)}
tr.differs>td:first-child{border-left-color:var(--none)}tr.meant>td:first-child{border-left-color:var(--near)}.differs .grade,.g-differs{color:var(--none)}.meant .grade,.g-meant{color:var(--near)}h2{font-size:1.1rem}
.l.hit{background:#ffe08255}.hide{display:none}a{color:inherit}
)";
constexpr std::string_view script = R"(
const rows=[...document.querySelectorAll('tr.row')],boxes=[...document.querySelectorAll('.bar input[type=checkbox]')],find=document.querySelector('#find'),count=document.querySelector('#count');
function apply(){const on=new Set(boxes.filter(b=>b.checked).map(b=>b.value)),word=find.value.toLowerCase();let n=0;for(const r of rows){const show=on.has(r.dataset.grade)&&r.textContent.toLowerCase().includes(word);r.classList.toggle('hide',!show);n+=show}count.textContent=n+' of '+rows.length+' rows'}
function show(id){const e=document.getElementById(id);if(!e)return;e.classList.add('hit');e.closest('.file').scrollTop=e.offsetTop-e.closest('.file').offsetTop-80}
rows.forEach(r=>r.addEventListener('click',()=>{document.querySelectorAll('.hit').forEach(e=>e.classList.remove('hit'));show('s'+r.dataset.source);show('t'+r.dataset.target)}));
const asked=new URLSearchParams(location.hash.slice(1));if(asked.get('grade')){const g=asked.get('grade').split(',');boxes.forEach(b=>b.checked=g.includes(b.value))}if(asked.get('find'))find.value=asked.get('find');
boxes.forEach(b=>b.addEventListener('change',apply));find.addEventListener('input',apply);apply();
)";

}  // namespace

std::string in_json(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}
std::string in_html(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string page_begin(std::string_view title, std::string_view heading) {
  return "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>" + in_html(title) + "</title><style>" + std::string(style) +
         "</style></head><body>\n<h1>" + std::string(heading) + "</h1>\n";
}

std::string filter_bar(std::initializer_list<std::string_view> kinds) {
  std::string out = "<div class=bar>";
  for (auto kind : kinds) {
    std::string name(kind);
    out += "<label class=g-" + name + "><input type=checkbox value=" + name + " checked> " + name + "</label>";
  }
  return out + "<input type=search id=find placeholder=\"filter by any word\"><span id=count></span></div>\n";
}

std::string page_end() { return "<script>" + std::string(script) + "</script></body></html>\n"; }

}  // namespace bossa::migrate
