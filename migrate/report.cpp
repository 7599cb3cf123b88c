#include "migrate/report.hpp"

#include <array>
#include <cstdio>
#include <vector>

namespace bossa::migrate {
namespace {

constexpr Grade grades[] = {Grade::exact, Grade::near, Grade::lossy, Grade::none};

std::array<unsigned, 4> totals(const Translation& translation) {
  std::array<unsigned, 4> out{};
  for (const auto& item : translation.items) ++out[static_cast<std::size_t>(item.grade)];
  return out;
}

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
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}
std::string said(const Item& item) { return item.parameter.empty() ? "the share" : item.parameter + " = " + item.value; }

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

std::string file_in_html(std::string_view name, std::string_view text, char letter, const std::vector<Grade>& grade_of_line, const std::vector<bool>& has_grade) {
  std::string out = "<div class=file><h2>" + in_html(name) + "</h2><pre>";
  unsigned number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    std::string mark = number < has_grade.size() && has_grade[number] ? " " + std::string(grade_name(grade_of_line[number])) : "";
    out += "<span class=\"l" + mark + "\" id=" + letter + std::to_string(number) + "><i>" + std::to_string(number) + "</i>" + in_html(line) + "</span>";
  }
  return out + "</pre></div>\n";
}

}  // namespace

int exit_status(const Translation& translation) {
  if (translation.refused()) return 5;
  auto worst = translation.worst();
  return worst == Grade::exact ? 0 : worst == Grade::near ? 3 : 4;
}

std::string text_report(const ReportInput& input) {
  std::string out;
  for (const auto& item : input.translation.items) {
    out += item.file + (item.line ? ":" + std::to_string(item.line) : "") + ": [" + item.section + "] " + said(item) + ": " + std::string(grade_name(item.grade));
    if (!item.target.empty()) out += ", " + input.target_name + (item.target_line ? ":" + std::to_string(item.target_line) : "") + ": " + item.target;
    if (!item.reason.empty()) out += " (" + item.reason + ")";
    if (is_loss(item.grade)) out += " [" + item.loss_id() + (item.accepted ? ", accepted]" : item.widens ? ", WIDENS ACCESS]" : "]");
    out += '\n';
  }
  auto counts = totals(input.translation);
  for (auto grade : grades) out += (grade == Grade::exact ? "" : ", ") + std::to_string(counts[static_cast<std::size_t>(grade)]) + " " + std::string(grade_name(grade));
  out += '\n';
  for (const auto& item : input.translation.items) {
    if (item.refuses()) out += "refused: [" + item.section + "] " + said(item) + " would be lost, and somebody would get more than was meant; accept it with --accept " + item.loss_id() + "\n";
  }
  for (const auto& text : input.translation.unexplained) out += "refused: " + text + "\n";
  return out;
}

std::string json_report(const ReportInput& input) {
  const auto& translation = input.translation;
  auto counts = totals(translation);
  std::string out = "{\n  \"source\": " + in_json(input.source_name) + ",\n  \"target\": " + in_json(input.target_name) + ",\n  \"worst\": " +
                    in_json(grade_name(translation.worst())) + ",\n  \"refused\": " + (translation.refused() ? "true" : "false") + ",\n  \"totals\": {";
  for (auto grade : grades) out += (grade == Grade::exact ? "" : ", ") + in_json(grade_name(grade)) + ": " + std::to_string(counts[static_cast<std::size_t>(grade)]);
  out += "},\n  \"unexplained\": [";
  for (const auto& text : translation.unexplained) out += (&text == &translation.unexplained.front() ? "" : ", ") + in_json(text);
  out += "],\n  \"items\": [";
  for (const auto& item : translation.items) {
    out += (&item == &translation.items.front() ? "\n    {" : ",\n    {");
    out += "\"grade\": " + in_json(grade_name(item.grade)) + ", \"file\": " + in_json(item.file) + ", \"line\": " + std::to_string(item.line) + ", \"section\": " + in_json(item.section) +
           ", \"parameter\": " + in_json(item.parameter) + ", \"value\": " + in_json(item.value) + ", \"target\": " + in_json(item.target) + ", \"target_line\": " + std::to_string(item.target_line) +
           ", \"rule\": " + in_json(item.rule) + ", \"reason\": " + in_json(item.reason) + ", \"widens\": " + (item.widens ? "true" : "false") + ", \"observable\": " +
           (item.observable ? "true" : "false") + ", \"accepted\": " + (item.accepted ? "true" : "false") + (is_loss(item.grade) ? ", \"loss\": " + in_json(item.loss_id()) : "") + "}";
  }
  return out + "\n  ]\n}\n";
}

std::string html_report(const ReportInput& input) {
  const auto& translation = input.translation;
  auto counts = totals(translation);
  std::vector<Grade> source_grade(lines_of(input.source_text).size() + 1, Grade::exact), target_grade(lines_of(translation.text).size() + 1, Grade::exact);
  std::vector<bool> in_source(source_grade.size()), in_target(target_grade.size());
  auto mark = [](std::vector<Grade>& grade_of, std::vector<bool>& has, unsigned line, Grade grade) {
    if (line == 0 || line >= has.size()) return;
    grade_of[line] = has[line] ? worse(grade_of[line], grade) : grade;
    has[line] = true;
  };
  std::string out = "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>" + in_html(input.source_name) + " to " +
                    in_html(input.target_name) + "</title><style>" + std::string(style) + "</style></head><body>\n<h1>" + in_html(input.source_name) + " &rarr; " + in_html(input.target_name) + "</h1>\n<p>";
  for (auto grade : grades)
    out += "<b class=g-" + std::string(grade_name(grade)) + ">" + std::to_string(counts[static_cast<std::size_t>(grade)]) + " " + std::string(grade_name(grade)) + "</b> ";
  out += "</p>\n";
  if (translation.refused()) {
    out += "<div class=refused id=refused><b>Refused.</b> These losses would give somebody more than was meant:<ul>";
    for (const auto& item : translation.items) {
      if (item.refuses()) out += "<li><code>--accept " + in_html(item.loss_id()) + "</code> " + in_html(said(item)) + "</li>";
    }
    for (const auto& text : translation.unexplained) out += "<li>" + in_html(text) + "</li>";
    out += "</ul></div>\n";
  }
  out += "<div class=bar>";
  for (auto grade : grades) {
    auto name = std::string(grade_name(grade));
    out += "<label class=g-" + name + "><input type=checkbox value=" + name + " checked> " + name + "</label>";
  }
  out += "<input type=search id=find placeholder=\"filter by any word\"><span id=count></span></div>\n<table><thead><tr><th>grade<th>section<th>" + in_html(input.source_name) + "<th>" + in_html(input.target_name) +
         "<th>why</tr></thead><tbody>\n";
  for (const auto& item : translation.items) {
    auto grade = std::string(grade_name(item.grade));
    mark(source_grade, in_source, item.line, item.grade);
    mark(target_grade, in_target, item.target_line, item.grade);
    out += "<tr class=\"row " + grade + "\" data-grade=" + grade + " data-source=" + std::to_string(item.line) + " data-target=" + std::to_string(item.target_line) + "><td class=grade>" + grade + "<td>" +
           in_html(item.section) + "<td><code>" + (item.line ? "<a href=#s" + std::to_string(item.line) + ">" + std::to_string(item.line) + "</a> " : "") + in_html(said(item)) + "</code><td><code>" +
           (item.target_line ? "<a href=#t" + std::to_string(item.target_line) + ">" + std::to_string(item.target_line) + "</a> " : "") + in_html(item.target) + "</code><td>" + in_html(item.reason);
    if (item.widens) out += item.accepted ? " <b>accepted: widens access</b>" : " <b class=g-none>widens access</b>";
    out += "</tr>\n";
  }
  out += "</tbody></table>\n<div class=files>\n" + file_in_html(input.source_name, input.source_text, 's', source_grade, in_source) +
         file_in_html(input.target_name, translation.text, 't', target_grade, in_target) + "</div>\n<script>" + std::string(script) + "</script></body></html>\n";
  return out;
}

}  // namespace bossa::migrate
