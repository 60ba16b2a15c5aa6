"""The name of the business, as bookings carry it to the page that takes their fee."""

from pokea.storage.database import Database
from tests.api.serving import Client, against
from tests.bookings.test_routes import ALICE, BOB, BOOKINGS, booking_application, new_booking


def test_a_booking_says_who_is_paid(database: Database) -> None:
    """Where the business has a name, a booking carries it when it is made and when it is read."""

    async def talk(client: Client) -> None:
        made = await new_booking(client)
        read = await client.get(f"{BOOKINGS}/{made['id']}", headers=ALICE)
        assert (made["businessName"], read.body["booking"]["businessName"]) == ("FUNDI LTD", "FUNDI LTD")

    against(booking_application(database, "FUNDI LTD"), talk)


def test_the_checkout_gets_its_words_in_the_customers_language(database: Database) -> None:
    """The drop-in reads a booking, who is paid, and its words in English or Kiswahili; strangers read nothing."""

    async def talk(client: Client) -> None:
        made = await new_booking(client)
        path = f"{BOOKINGS}/{made['id']}/checkout"
        english = await client.get(path, headers=ALICE)
        swahili = await client.get(path, headers=ALICE | {"Accept-Language": "sw"})
        assert english.body["booking"] == swahili.body["booking"] == made
        assert english.body["words"]["retry"] == "Try again"
        assert swahili.body["words"]["retry"] == "Jaribu tena"
        assert english.body["words"].keys() == swahili.body["words"].keys()
        assert (await client.get(path, headers=BOB)).status == 404

    against(booking_application(database, "FUNDI LTD"), talk)
