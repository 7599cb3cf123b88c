#include "src/base/log.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <chrono>

#include "src/base/unicode.hpp"

namespace bossa {
namespace {

class StderrSink final : public LogSink {
 public:
  void write(LogLevel level, std::string_view line) override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    auto text = fmt::format("[{:%Y/%m/%d %H:%M:%S}.{:06}, {:2}] {}\n", fmt::localtime(now.tv_sec), now.tv_nsec / 1000, static_cast<int>(level), line);
    [[maybe_unused]] auto written = ::write(2, text.data(), text.size());  // nobody is left to tell if this fails
  }
};
class NullSink final : public LogSink {
 public:
  void write(LogLevel, std::string_view) override {}
};

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool valid = is_utf8(text);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !valid)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void Log::put(LogLevel level, std::string_view line) { sink()->write(level, printable(line)); }

std::shared_ptr<LogSink> stderr_sink() { return std::make_shared<StderrSink>(); }
std::shared_ptr<LogSink> null_sink() { return std::make_shared<NullSink>(); }

}  // namespace bossa
