/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that an image is compiled from; only image*.c use this. */
#ifndef SAMEPATH_USERSPACE_IMAGE_PART_H
#define SAMEPATH_USERSPACE_IMAGE_PART_H

#include <stdio.h>
#include "image.h"

#define IMAGE_ANSWERS_PER_SECOND 100

struct image_job {
	const struct config *config;
	struct image *image;
	image_number number;
	void *context;
	struct report *report;
	uint16_t *class_number; /* by index in the configuration */
	uint8_t *circuit_number;
};

/* Each returns 0 or -errno; every cause but -ENOMEM is reported. Circuits come before what names them. */
int image_circuits(struct image_job *j);
int image_pools(struct image_job *j, const struct config_circuit *from, struct circuit *to);
int image_rules(struct image_job *j);
int image_services(struct image_job *j);
int image_owners(struct image_job *j);

#endif
