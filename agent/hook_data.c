#include "hook_data.h"

/* The paths are relative to the top of the tree, where make runs. */
#define EMBED(name, path) \
	__asm__(".pushsection .rodata." name ", \"a\"\n" \
		".globl " name "\n" \
		".globl " name "_len\n" \
		name ":\n" \
		".incbin \"" path "\"\n" \
		name "_end:\n" \
		".byte 0\n" \
		".balign 8\n" \
		name "_len:\n" \
		".dc.a " name "_end - " name "\n" \
		".popsection\n")

EMBED("hook_stub", "agent/hook/sitecustomize.py");
EMBED("hook_body", "agent/hook/hook.py");
EMBED("hook_postmortem", "agent/hook/postmortem.py");
EMBED("hook_adopt", "agent/hook/adopt.py");
