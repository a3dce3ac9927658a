/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_STAGE_H
#define WAGGLE_LIB_STAGE_H

/*
 * Marks the end of a stage of the forwarding path, for measurements: nothing here. bench/bpf/stages.bpf.c takes this header's
 * guard and gives the word a meaning: stop after the stage. A new stage needs a name in its enum, and a line in
 * bench/Waggle.Bench/Programs/Stage.cs.
 */
#define STAGE(name)

#endif
