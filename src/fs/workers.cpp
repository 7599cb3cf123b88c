#include "src/fs/workers.hpp"

namespace bossa::fs::detail {

void enter_worker(const Identity* who) {
  thread_local bool prepared = false;  // of this thread's kernel state
  if (!prepared) {
    prepare_thread();
    prepared = true;
  }
  if (who != nullptr) Impersonate{*who};
}

}  // namespace bossa::fs::detail
