"""The name of the business, as bookings carry it to the page that takes their fee."""

from pokea.storage.database import Database
from tests.api.serving import Client, against
from tests.bookings.test_routes import ALICE, BOOKINGS, booking_application, new_booking


def test_a_booking_says_who_is_paid(database: Database) -> None:
    """Where the business has a name, a booking carries it when it is made and when it is read."""

    async def talk(client: Client) -> None:
        made = await new_booking(client)
        read = await client.get(f"{BOOKINGS}/{made['id']}", headers=ALICE)
        assert (made["businessName"], read.body["booking"]["businessName"]) == ("FUNDI LTD", "FUNDI LTD")

    against(booking_application(database, "FUNDI LTD"), talk)
