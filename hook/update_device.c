#include "update_device.h"

#include <stdlib.h>

const char *update_device(const char *uuid, const struct interface *interface, bool trust,
                          const struct virsh_text *xml, time_t deadline,
                          struct virsh_result *result) {
    const char *const call[] = {VIRSH, "update-device", "--live", "--", uuid, "/dev/stdin", NULL};
    const char *problem = NULL;
    size_t length = 0;
    *result = (struct virsh_result){.code = VIRSH_NO_MEMORY};
    char *element =
        domain_interface_xml(interface, trust, xml->data, xml->length, &length, &problem);
    if (element && !virsh_run(call, element, length, deadline, result))
        problem = virsh_problem(result);
    free(element);
    return problem;
}
