"""What an administrator would write instead, in Python: usage: trust.py < DOMAIN.XML"""

import sys
import xml.etree.ElementTree as ET

tree = ET.parse(sys.stdin.buffer)
for interface in tree.getroot().findall("devices/interface"):
    model = interface.find("model")
    if (
        interface.get("type") == "direct"
        and interface.get("trustGuestRxFilters") is None
        and model is not None
        and model.get("type") == "virtio"
    ):
        interface.set("trustGuestRxFilters", "yes")
tree.write(sys.stdout.buffer)
