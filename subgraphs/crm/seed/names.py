"""Plausible people and companies, invented."""

from itertools import product
from random import Random

__all__ = ["COMPANIES", "JOB_TITLES", "LOST_REASONS", "NOTES", "SUBJECTS", "people"]

_FIRST = (
    "Amara", "Anton", "Beatriz", "Bilal", "Carmen", "Chidi", "Daniela", "David", "Elena", "Emeka", "Farida", "Felix",
    "Grace", "Hassan", "Ines", "Ivan", "Jasmine", "Jonas", "Kavya", "Liam", "Lucia", "Marek", "Mei", "Nadia", "Noah",
    "Olga", "Omar", "Priya", "Rafael", "Rosa", "Samuel", "Sofia", "Tariq", "Teresa", "Uma", "Viktor", "Wen", "Yara",
    "Yusuf", "Zoe",
)  # fmt: skip
_LAST = (
    "Adeyemi", "Almeida", "Andersen", "Baker", "Bauer", "Bianchi", "Castillo", "Chen", "Costa", "Dubois", "Eriksen",
    "Fischer", "Fraser", "Garcia", "Haddad", "Hughes", "Ibrahim", "Jansen", "Kaya", "Kowalski", "Lindgren", "Marino",
    "Mensah", "Moreau", "Nakamura", "Novak", "Okafor", "Patel", "Pereira", "Petrov", "Quinn", "Rahman", "Rossi",
    "Santos", "Schmidt", "Silva", "Sutherland", "Torres", "Vargas", "Weiss",
)  # fmt: skip

COMPANIES = (
    "Alder & Finch", "Amberline Logistics", "Aster Clinics", "Bluewater Marine", "Brightside Dental", "Calder Foods",
    "Canopy Interiors", "Cedar Street Bakery", "Cobalt Fitness", "Copperfield Law", "Driftwood Hotels", "Elm Motors",
    "Evergreen Landscapes", "Fairlight Optics", "Foxglove Florists", "Granite Peak Roofing", "Harbour Lane Books",
    "Hawthorn Pharmacy", "Indigo Print House", "Ironbridge Tools", "Juniper Wellness", "Kestrel Couriers",
    "Lakeside Veterinary", "Larkspur Events", "Maple & Main", "Meridian Travel", "Northgate Plumbing", "Oakmoor Beds",
    "Orchard Tech Repairs", "Pinecrest Schools", "Quayside Brewing", "Redwood Solar", "Rosewood Catering",
    "Saffron Kitchen", "Silverline Cleaning", "Stonebrook Estates", "Thistle Outdoor", "Tidewater Charters",
    "Union Square Dance", "Willow Creek Farms",
)  # fmt: skip

JOB_TITLES = (
    "Owner", "General manager", "Head of operations", "Marketing manager", "Office manager", "Purchasing lead",
    "Finance director", "Partner", "Store manager", "Head of IT",
)  # fmt: skip

LOST_REASONS = (
    "Chose a competitor with a lower price",
    "No budget this year",
    "Stopped answering after the second proposal",
    "Needs a feature that is not on the roadmap",
    "Decided to keep the present supplier",
    "Project put on hold by the new management",
)

NOTES = (
    "Asked for references from the same trade before going further.",
    "Prefers to be called in the morning.",
    "Two locations now, a third one opens in autumn.",
    "Decision is made together with the finance director.",
    "Present contract runs out at the end of the quarter.",
    "Met at the regional trade fair; very interested in the online booking.",
)

SUBJECTS = {
    "call": ("Introductory call", "Follow-up on the proposal", "Questions about pricing", "Check-in after the demo"),
    "email": (
        "Sent the price list",
        "Answered questions about onboarding",
        "Sent the revised proposal",
        "Sent thanks",
    ),
    "meeting": ("Product demo", "Visit on site", "Workshop with the team", "Contract review"),
    "note": ("Budget confirmed", "New person in charge", "Competitor mentioned", "Wants to start next quarter"),
    "task": ("Prepare the proposal", "Draft the contract", "Book the demo room", "Ask for a reference"),
}  # by value of ActivityKind, and of tasks


def people(random: Random) -> list[tuple[str, str]]:
    """All names, first and last, in a random order; none comes twice."""
    names = list(product(_FIRST, _LAST))
    random.shuffle(names)
    return names
