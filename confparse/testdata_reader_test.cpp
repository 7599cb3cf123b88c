#include <fstream>
#include <iterator>
#include <stdexcept>

#include "confparse/testdata_reader.hpp"

namespace bossa::confparse::testing {
namespace {

// As much of JSON as the recorded cases use.
class Json {
 public:
  explicit Json(const std::string& text) : text_(text) {}

  Case case_line() {
    Case out;
    members([&](const std::string& name) {
      if (name == "id") out.id = string();
      else if (name == "files") members([&](const std::string& file) { out.files[file] = string(); });
      else if (name == "args") elements([&] { out.arguments.push_back(string()); });
      else if (name == "rc") out.status = number();
      else if (name == "stdout") out.output = string();
      else if (name == "stderr") out.errors = string();
      else string();
    });
    return out;
  }

 private:
  char peek() {
    while (text_.at(at_) == ' ') ++at_;
    return text_[at_];
  }
  void expect(char c) {
    if (peek() != c) throw std::runtime_error("test data: unexpected character in " + text_.substr(0, 60));
    ++at_;
  }
  template <class F> void members(F f) {
    expect('{');
    while (peek() != '}') {
      auto name = string();
      expect(':');
      f(name);
      if (peek() == ',') ++at_;
    }
    expect('}');
  }
  template <class F> void elements(F f) {
    expect('[');
    while (peek() != ']') {
      f();
      if (peek() == ',') ++at_;
    }
    expect(']');
  }
  int number() {
    peek();
    std::size_t used = 0;
    int value = std::stoi(text_.substr(at_), &used);
    at_ += used;
    return value;
  }
  std::string string() {
    expect('"');
    std::string out;
    for (; text_.at(at_) != '"'; ++at_) out += text_[at_] == '\\' ? escaped() : text_[at_];
    ++at_;
    return out;
  }
  char escaped() {
    switch (char c = text_.at(++at_)) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'b': return '\b';
      case 'f': return '\f';
      case 'u': at_ += 4; return static_cast<char>(std::stoi(text_.substr(at_ - 3, 4), nullptr, 16));
      default: return c;
    }
  }
  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Case> recorded_cases(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<Case> out;
  std::string line;
  std::getline(in, line);  // how the cases were made
  while (std::getline(in, line)) out.push_back(Json(line).case_line());
  return out;
}

std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

std::vector<std::vector<std::string>> tsv_rows(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::vector<std::string>> out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    auto& row = out.emplace_back(1);
    for (char c : line) {
      if (c == '\t') row.emplace_back();
      else row.back() += c;
    }
  }
  return out;
}

}  // namespace bossa::confparse::testing
