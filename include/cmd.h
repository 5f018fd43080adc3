/*
 * The subcommands. main() looks one up by name and calls it with the words
 * from its own name on: argv[0] is "run", argv[1] its first argument. The
 * result is the exit status of the process; 2 is a usage error.
 */
#ifndef PITSTOP_CMD_H
#define PITSTOP_CMD_H

int cmd_abort(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_extend(int argc, char **argv);
int cmd_launch_json(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_stacks(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
