// FILETIME ([MS-DTYP] 2.3.3): 100 ns units since 1601-01-01 UTC, on the wire little endian.
#pragma once
#include <cstdint>
#include <ctime>

namespace bossa {

using NtTime = std::uint64_t;
inline constexpr std::int64_t nt_epoch_seconds = 11644473600;  // 1601 to 1970

[[nodiscard]] constexpr NtTime nt_time(const timespec& time) {
  return static_cast<NtTime>((time.tv_sec + nt_epoch_seconds) * 10'000'000 + time.tv_nsec / 100);
}
[[nodiscard]] constexpr timespec unix_time(NtTime time) {
  auto ticks = static_cast<std::int64_t>(time);
  timespec result{};
  result.tv_sec = ticks / 10'000'000 - nt_epoch_seconds;
  result.tv_nsec = ticks % 10'000'000 * 100;
  if (result.tv_nsec < 0) {
    result.tv_nsec += 1'000'000'000;
    --result.tv_sec;
  }
  return result;
}
[[nodiscard]] inline NtTime nt_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return nt_time(now);
}

}  // namespace bossa
