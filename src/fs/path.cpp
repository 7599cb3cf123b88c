#include "src/fs/path.hpp"

#include "src/base/unicode.hpp"

namespace bossa::fs {

namespace {
constexpr std::string_view forbidden = "*?<>\"|";
constexpr std::size_t max_component = 255;  // bytes: NAME_MAX of every Linux file system of note

bool has_forbidden(std::string_view component) {
  for (char c : component)
    if (static_cast<unsigned char>(c) < 0x20 || c == '/' || forbidden.find(c) != std::string_view::npos) return true;
  return false;
}

/// The part after the first colon: "name", "name:$DATA", ":$DATA", "$I30:$INDEX_ALLOCATION".
bool split_stream(std::string_view suffix, std::string& stream, bool& data, bool& directory) {
  auto colon = suffix.find(':');
  std::string_view name = suffix.substr(0, colon);
  std::string_view type = colon == std::string_view::npos ? std::string_view{} : suffix.substr(colon + 1);
  if (colon != std::string_view::npos && type.empty()) return false;
  if (name.empty() && type.empty()) return false;
  if (name.size() > 255) return false;
  if (type.empty() || equal_ignoring_case(type, "$DATA")) {
    stream = std::string(name);
    data = true;
    return true;
  }
  if (!equal_ignoring_case(type, "$INDEX_ALLOCATION") || (!name.empty() && !equal_ignoring_case(name, "$I30"))) return false;
  directory = true;
  return true;
}
}  // namespace

std::string_view SmbPath::name() const {
  std::string_view text = text_;
  auto slash = text.rfind('/');
  return slash == std::string_view::npos ? text : text.substr(slash + 1);
}

std::string_view SmbPath::parent() const {
  std::string_view text = text_;
  auto slash = text.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : text.substr(0, slash);
}

std::vector<std::string_view> SmbPath::components() const& {
  std::vector<std::string_view> parts;
  std::string_view rest = text_;
  while (!rest.empty()) {
    auto slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return parts;
}

namespace {
/// Cut at backslashes, empty pieces dropped, ".." taken lexically before anything else is judged, as smbd does.
Result<std::vector<std::string_view>> cut(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    auto end = text.find('\\');
    auto component = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (component.empty()) continue;
    if (component != "..") {
      parts.push_back(component);
      continue;
    }
    if (parts.empty()) return fail(status::object_path_syntax_bad);
    parts.pop_back();
  }
  return parts;
}
}  // namespace

Result<SmbPath> parse_posix_path(std::string_view text) {
  std::string unified(text);
  for (char& c : unified)
    if (c == '/') c = '\\';
  auto parts = cut(unified);
  if (!parts) return fail(parts.error());
  SmbPath path;
  path.exact_ = true;
  for (auto component : *parts) {
    if (component == ".") continue;
    if (component.find('\0') != std::string_view::npos || component.size() > max_component) return fail(status::object_name_invalid);
    if (!path.text_.empty()) path.text_ += '/';
    path.text_ += component;
  }
  return path;
}

Result<SmbPath> parse_path(std::string_view text) {
  SmbPath path;
  path.text_.reserve(text.size());
  auto parts = cut(text);
  if (!parts) return fail(parts.error());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    auto component = (*parts)[i];
    bool last = i + 1 == parts->size();
    if (component == ".") return fail(last ? status::object_name_invalid : status::object_path_not_found);
    if (component.find('\0') != std::string_view::npos) return fail(status::object_name_invalid);
    if (auto colon = component.find(':'); colon != std::string_view::npos) {
      path.mentions_stream_ = true;
      if (!last || colon == 0 || !split_stream(component.substr(colon + 1), path.stream_, path.demands_data_, path.demands_directory_))
        return fail(status::object_name_invalid);
      if (path.stream_.find('/') != std::string::npos) return fail(status::object_name_invalid);  // all else is allowed, as on NTFS
      component = component.substr(0, colon);
      if (component == "." || component == "..") return fail(status::object_name_invalid);  // ".:stream"
    }
    if (has_forbidden(component)) return fail(status::object_name_invalid);
    if (component.size() > max_component) return fail(last ? status::object_name_invalid : status::object_path_not_found);
    if (!path.text_.empty()) path.text_ += '/';
    path.text_ += component;
  }
  return path;
}

std::string to_client(std::string_view canonical) {
  std::string text(canonical);
  for (char& c : text)
    if (c == '/') c = '\\';
  return text;
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  path += directory;
  if (!directory.empty() && !name.empty()) path += '/';
  path += name;
  return path;
}

}  // namespace bossa::fs
