#include "metadata.h"

#include <dirent.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <bsd/stdlib.h>
#include <cjson/cJSON.h>

#include "address.h"
#include "cgroup.h"
#include "file_text.h"
#include "imds_answer.h"
#include "machine.h"

#define VARIABLES_MAX 4
#define GPUS "/proc/driver/nvidia/gpus"
#define CPUS_MAX 8192

struct field {
	const char *name;
	const char *variables[VARIABLES_MAX + 1];  /* the first that is set */
};

static const struct field TEXTS[] = {
	{ "run", { "AZUREML_RUN_ID", "MLFLOW_RUN_ID" } },
	{ "root_run", { "AZUREML_ROOT_RUN_ID" } },
	{ "experiment", { "AZUREML_ARM_PROJECT_NAME",
			  "MLFLOW_EXPERIMENT_NAME" } },
	{ "experiment_id", { "AZUREML_EXPERIMENT_ID",
			     "MLFLOW_EXPERIMENT_ID" } },
	{ "workspace", { "AZUREML_ARM_WORKSPACE_NAME" } },
	{ "workspace_id", { "AZUREML_WORKSPACE_ID" } },
	{ "resource_group", { "AZUREML_ARM_RESOURCEGROUP" } },
	{ "subscription", { "AZUREML_ARM_SUBSCRIPTION" } },
	{ "node", { "NODE_NAME", "AZ_BATCH_NODE_ID" } },
	{ "master", { "MASTER_ADDR", "AZ_BATCH_MASTER_NODE" } },
	{ "image", { "CONTAINER_IMAGE", "DOCKER_IMAGE" } },
	{ "gpus_visible", { "NVIDIA_VISIBLE_DEVICES" } },
};

static const struct field RANK = {
	"rank", { "RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID" }
};

static const struct field NUMBERS[] = {
	{ "node_rank", { "AZUREML_CR_NODE_RANK", "NODE_RANK" } },
	{ "node_count", { "AZUREML_NODE_COUNT" } },
	{ "local_rank", { "LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK" } },
	{ "world_size", { "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE" } },
};

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return !text || !*text || cJSON_AddStringToObject(to, name, text);
}

static bool add_positive(cJSON *to, const char *name, double number)
{
	return number <= 0 || cJSON_AddNumberToObject(to, name, number);
}

/* the environment */

static const char *value(const struct field *f)
{
	const char *found = NULL;

	for (size_t i = 0; f->variables[i] && !(found && *found); i++)
		found = getenv(f->variables[i]);
	return found;
}

static bool add_number(cJSON *to, const struct field *f)
{
	const char *text = value(f), *bad = NULL;
	long long n = text ? strtonum(text, 0, INT_MAX, &bad) : 0;

	return !text || bad ||
	       cJSON_AddNumberToObject(to, f->name, (double)n);
}

bool metadata_add_rank(cJSON *to)
{
	return add_number(to, &RANK);
}

static bool add_variables(cJSON *to)
{
	bool ok = metadata_add_rank(to);

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++)
		ok = ok && add_text(to, TEXTS[i].name, value(&TEXTS[i]));
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(*NUMBERS); i++)
		ok = ok && add_number(to, &NUMBERS[i]);
	return ok;
}

/* the machine in Azure */

static const char *either(const char *first, const char *second)
{
	return *first ? first : second;
}

static bool add_azure(cJSON *to, const struct imds_answer *said)
{
	static const struct imds_answer nothing;
	const char *text = getenv("AZUREML_CR_COMPUTE_CONTEXT");
	struct machine_context context;

	if (!said)
		said = &nothing;
	machine_context(text ? text : "", &context);
	return add_text(to, "cluster", context.cluster) &&
	       add_text(to, "vm", said->vm) &&
	       add_text(to, "vm_id", said->vm_id) &&
	       add_text(to, "vm_size", either(said->vm_size,
					      context.vm_size)) &&
	       add_text(to, "vm_priority", either(said->priority,
						  context.priority)) &&
	       add_text(to, "region", said->region);
}

/* the network */

/* Loopback's are everywhere the same. */
static bool is_told(const struct ifaddrs *i)
{
	return i->ifa_addr && !(i->ifa_flags & IFF_LOOPBACK) &&
	       (i->ifa_addr->sa_family == AF_INET ||
		i->ifa_addr->sa_family == AF_INET6);
}

static bool add_addresses(cJSON *to)
{
	cJSON *list = cJSON_AddArrayToObject(to, "addresses");
	struct ifaddrs *all = NULL;
	bool ok = list;
	char host[64];

	if (getifaddrs(&all) < 0)
		return ok;
	for (const struct ifaddrs *i = all; ok && i; i = i->ifa_next) {
		if (!is_told(i))
			continue;
		address_host(i->ifa_addr, host);
		ok = cJSON_AddItemToArray(list, cJSON_CreateString(host));
	}
	freeifaddrs(all);
	return ok;
}

/* the hardware */

static int usable_cpus(void)
{
	cpu_set_t set[CPUS_MAX / 8 / sizeof(cpu_set_t)];

	return sched_getaffinity(0, sizeof(set), set) < 0 ? 0
	       : CPU_COUNT_S(sizeof(set), set);
}

static double total_memory(void)
{
	char text[4096];

	file_text("/proc/meminfo", text, sizeof(text));
	return machine_memory(text);
}

static bool add_gpu(cJSON *list, const char *name)
{
	char path[512], text[1024], model[128];

	snprintf(path, sizeof(path), GPUS "/%.200s/information", name);
	return !file_text(path, text, sizeof(text)) ||
	       !machine_value(text, "Model:", model, sizeof(model)) ||
	       cJSON_AddItemToArray(list, cJSON_CreateString(model));
}

static bool add_gpus(cJSON *to)
{
	DIR *d = opendir(GPUS);
	const struct dirent *e;
	cJSON *list;
	bool ok;

	if (!d)
		return true;
	list = cJSON_AddArrayToObject(to, "gpus");
	ok = list;
	while (ok && (e = readdir(d)))
		ok = *e->d_name == '.' || add_gpu(list, e->d_name);
	closedir(d);
	return ok;
}

static bool add_hardware(cJSON *to)
{
	return add_positive(to, "cpus", usable_cpus()) &&
	       add_positive(to, "cpu_limit", cgroup_cpu_limit()) &&
	       add_positive(to, "memory", total_memory()) &&
	       add_positive(to, "memory_limit", cgroup_memory_limit()) &&
	       add_gpus(to);
}

/* the system */

static bool add_system(cJSON *to)
{
	char text[4096], name[128] = "";
	struct utsname u;

	file_text("/etc/os-release", text, sizeof(text));
	machine_value(text, "PRETTY_NAME=", name, sizeof(name));
	return uname(&u) == 0 &&
	       add_text(to, "hostname", u.nodename) &&
	       add_text(to, "kernel", u.release) &&
	       add_text(to, "os", name);
}

bool metadata_add(cJSON *to, const struct imds_answer *said)
{
	return add_variables(to) && add_azure(to, said) && add_system(to) &&
	       add_addresses(to) && add_hardware(to);
}
