#include "hook_data.h"

/* The paths are relative to the top of the tree, where make runs. `before` is
 * what stands in front of the files. */
#define FILE(path) ".incbin \"build/hook/" path "\"\n"
#define EMBED(name, before, files) \
	__asm__(".pushsection .rodata." name ", \"a\"\n" \
		".globl " name "\n" \
		".globl " name "_len\n" \
		before \
		name ":\n" \
		files \
		name "_end:\n" \
		".byte 0\n" \
		".balign 8\n" \
		name "_len:\n" \
		".dc.a " name "_end - " name "\n" \
		".popsection\n")

/* A member of the zip file that the binary is too: see zip.sh. */
EMBED("hook_stub", ".incbin \"build/hook.head\"\n", FILE("sitecustomize.py"));
EMBED("hook_body", "", FILE("hook.py") FILE("debugger.py") FILE("tracing.py"));
EMBED("hook_postmortem", "", FILE("postmortem.py"));
EMBED("hook_adopt", "", FILE("adopt.py"));
EMBED("hook_stacks", "", FILE("stacks.py"));
