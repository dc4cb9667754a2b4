"""Countries, states and counties: who lives in one may live in a town of it, too.

The list is our own. It leaves out city states, and what is a town as often ("Luxembourg", "New York").
"""

from __future__ import annotations

_NAMES = """
afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium bolivia bosnia
botswana brazil bulgaria cambodia cameroon canada chile china colombia costa_rica croatia cuba cyprus czechia
denmark ecuador egypt england estonia ethiopia finland france georgia germany ghana greece guatemala haiti honduras
hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya kosovo laos
latvia lebanon lithuania madagascar malaysia malta mexico moldova mongolia montenegro morocco mozambique myanmar
namibia nepal netherlands the_netherlands new_zealand nicaragua nigeria north_macedonia norway oman pakistan
paraguay peru philippines the_philippines poland portugal qatar romania russia rwanda saudi_arabia scotland senegal
serbia slovakia slovenia somalia south_africa south_korea spain sri_lanka sudan sweden switzerland syria taiwan
tanzania thailand tunisia turkey uganda ukraine united_kingdom united_states uruguay uzbekistan venezuela vietnam
wales yemen zambia zimbabwe the_us the_usa the_uk usa uk uae alabama alaska arizona arkansas california colorado
connecticut delaware florida hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland
massachusetts michigan minnesota mississippi missouri montana nebraska nevada new_hampshire new_jersey new_mexico
north_carolina north_dakota ohio oklahoma oregon pennsylvania rhode_island south_carolina south_dakota tennessee
texas utah vermont virginia west_virginia wisconsin wyoming ontario quebec alberta british_columbia manitoba
saskatchewan nova_scotia new_brunswick queensland new_south_wales tasmania bavaria catalonia tuscany sicily sardinia
andalusia brittany normandy provence cornwall devon kent essex sussex yorkshire
"""
REGIONS = frozenset(name.replace("_", " ") for name in _NAMES.split())
