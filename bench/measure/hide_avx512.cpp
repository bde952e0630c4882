// Preloaded into bench/peers --target avx2: what the process asks the processor (CPUID) is answered as if there were no
// AVX-512, AVX10 and AMX, so that every peer takes the kernels that it has for a machine with AVX2.
//
// Processors with CPUID faulting (the flag cpuid_fault in /proc/cpuinfo; arch_prctl(2), ARCH_SET_CPUID) make a fault of
// the instruction for the threads that ask for it and for those they begin.
#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

namespace {

constexpr int kArchSetCpuid = 0x1012;
struct sigaction earlier;

long allow_cpuid(bool yes) { return syscall(SYS_arch_prctl, kArchSetCpuid, yes ? 1UL : 0UL); }

constexpr unsigned bits(std::initializer_list<int> places) {
  unsigned result = 0;
  for (int place : places) result |= 1U << place;
  return result;
}

struct Answer {
  unsigned eax, ebx, ecx, edx;
};

// Intel 64 Software Developer's Manual, volume 2A, CPUID, leaf 7.
void hide(unsigned leaf, unsigned subleaf, Answer& answer) {
  if (leaf != 7) return;
  if (subleaf == 0) {
    answer.ebx &= ~bits({16, 17, 21, 26, 27, 28, 30, 31});  // F DQ IFMA PF ER CD BW VL
    answer.ecx &= ~bits({1, 6, 11, 12, 14});                // VBMI VBMI2 VNNI BITALG VPOPCNTDQ
    answer.edx &= ~bits({2, 3, 8, 22, 23, 24, 25});  // 4VNNIW 4FMAPS VP2INTERSECT AMX-BF16 FP16 AMX-TILE AMX-INT8
  } else if (subleaf == 1) {
    answer.eax &= ~bits({5, 21});  // BF16 AMX-FP16
    answer.edx &= ~bits({8, 19});  // AMX-COMPLEX AVX10
  }
}

void on_fault(int number, siginfo_t* info, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  if (info->si_code != SI_KERNEL || code[0] != 0x0F ||
      code[1] != 0xA2) {  // another fault: at the same place, for whoever handled it before
    sigaction(number, &earlier, nullptr);
    return;
  }
  const auto leaf = static_cast<unsigned>(registers[REG_RAX]), subleaf = static_cast<unsigned>(registers[REG_RCX]);
  Answer answer{};
  allow_cpuid(true);
  __cpuid_count(leaf, subleaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
  allow_cpuid(false);
  hide(leaf, subleaf, answer);
  registers[REG_RAX] = answer.eax;
  registers[REG_RBX] = answer.ebx;
  registers[REG_RCX] = answer.ecx;
  registers[REG_RDX] = answer.edx;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) void begin() {
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &earlier);
  if (allow_cpuid(false) == 0) setenv("FALTUNG_AVX512_HIDDEN", "1", 1);  // the driver asks for it
}

}  // namespace
