"""Places: those known by name in small letters, and what is none though people move there.

The list is our own: countries, capitals, large cities, some states. It leaves out what is also an everyday English word.
"""

from __future__ import annotations

import re

from engram_core.ingest.learn.rules.vocabulary.companies import KNOWN as COMPANIES
from engram_core.ingest.learn.rules.vocabulary.lists import words as listed

KNOWN = listed(
    """afghanistan albania algeria argentina armenia australia austria azerbaijan bangladesh belarus belgium bolivia
bosnia botswana brazil bulgaria cambodia cameroon canada chile china colombia costa_rica croatia cuba cyprus czechia denmark
ecuador egypt england estonia ethiopia finland france georgia germany ghana greece guatemala haiti honduras hungary iceland
india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan kenya kosovo kuwait laos latvia lebanon
lithuania luxembourg madagascar malaysia malta mexico moldova mongolia montenegro morocco mozambique myanmar namibia nepal
netherlands the_netherlands new_zealand nicaragua nigeria north_macedonia norway oman pakistan panama paraguay peru
philippines the_philippines poland portugal qatar romania russia rwanda saudi_arabia scotland senegal serbia singapore
slovakia slovenia somalia south_africa south_korea spain sri_lanka sudan sweden switzerland syria taiwan tanzania thailand
tunisia turkey uganda ukraine united_kingdom united_states uruguay uzbekistan venezuela vietnam wales yemen zambia zimbabwe
the_us the_usa the_uk usa uk uae dubai abu_dhabi doha
alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas
kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada
new_hampshire new_jersey new_mexico new_york north_carolina north_dakota ohio oklahoma oregon pennsylvania rhode_island
south_carolina south_dakota tennessee texas utah vermont virginia washington west_virginia wisconsin wyoming ontario quebec
alberta british_columbia manitoba saskatchewan nova_scotia new_brunswick queensland new_south_wales tasmania bavaria
catalonia tuscany sicily sardinia andalusia brittany normandy provence cornwall devon kent essex sussex yorkshire
amsterdam rotterdam the_hague utrecht eindhoven delft leiden groningen antwerp brussels ghent bruges leuven paris lyon
marseille toulouse bordeaux nantes strasbourg lille montpellier rennes grenoble london manchester birmingham liverpool
leeds sheffield bristol newcastle nottingham leicester coventry brighton plymouth southampton portsmouth oxford cambridge
york norwich exeter edinburgh glasgow aberdeen dundee cardiff swansea belfast dublin galway limerick berlin hamburg munich
cologne frankfurt stuttgart düsseldorf dusseldorf dortmund leipzig dresden hanover hannover nuremberg bremen bonn
heidelberg freiburg münster munster karlsruhe mannheim vienna graz linz salzburg innsbruck zurich zürich geneva basel bern
lausanne rome milan naples turin florence venice bologna genoa verona palermo trieste madrid barcelona valencia seville
bilbao malaga málaga zaragoza granada alicante murcia lisbon porto braga faro coimbra athens thessaloniki istanbul ankara
izmir antalya stockholm gothenburg malmö malmo uppsala oslo bergen trondheim tromsø stavanger copenhagen aarhus odense
helsinki tampere turku espoo reykjavik tallinn tartu riga vilnius kaunas warsaw krakow kraków wroclaw wrocław gdansk gdańsk
poznan poznań lodz łódź prague brno ostrava bratislava košice budapest debrecen bucharest cluj cluj-napoca timisoara sofia
plovdiv varna belgrade novi_sad zagreb ljubljana sarajevo skopje tirana kyiv kiev lviv odesa odessa kharkiv moscow
saint_petersburg st_petersburg minsk chisinau tbilisi yerevan baku jerusalem tel_aviv haifa beirut amman damascus baghdad
tehran riyadh jeddah cairo alexandria casablanca marrakech rabat tunis algiers lagos abuja accra nairobi mombasa kampala
addis_ababa dakar johannesburg cape_town durban pretoria harare lusaka mumbai delhi new_delhi bangalore bengaluru hyderabad
chennai kolkata pune ahmedabad jaipur lucknow kochi karachi lahore islamabad dhaka colombo kathmandu beijing shanghai
shenzhen guangzhou chengdu wuhan hangzhou nanjing hong_kong macau taipei kaohsiung tokyo osaka kyoto yokohama nagoya
sapporo fukuoka kobe hiroshima seoul busan incheon hanoi ho_chi_minh_city saigon da_nang bangkok chiang_mai phuket
phnom_penh kuala_lumpur penang jakarta bandung surabaya bali ubud manila cebu quezon_city sydney melbourne brisbane perth
adelaide canberra hobart darwin gold_coast auckland wellington christchurch dunedin toronto montreal vancouver calgary
edmonton ottawa winnipeg halifax quebec_city hamilton kitchener new_york_city nyc brooklyn queens manhattan los_angeles
san_francisco san_diego san_jose sacramento oakland berkeley seattle portland denver boulder fort_collins salt_lake_city
phoenix tucson las_vegas albuquerque dallas houston austin san_antonio fort_worth el_paso oklahoma_city tulsa kansas_city
st_louis chicago detroit cleveland cincinnati indianapolis milwaukee minneapolis madison nashville memphis louisville
atlanta charlotte raleigh miami orlando tampa jacksonville new_orleans baltimore washington_dc philadelphia pittsburgh
boston anchorage honolulu boise omaha richmond savannah charleston mexico_city guadalajara monterrey oaxaca tijuana havana
guatemala_city san_salvador bogota bogotá medellin medellín cali cartagena quito guayaquil lima cusco la_paz santiago
valparaiso buenos_aires cordoba córdoba rosario mendoza montevideo asuncion sao_paulo são_paulo rio_de_janeiro brasilia
salvador recife fortaleza curitiba porto_alegre belo_horizonte campinas caracas
derry hull preston bolton sunderland wolverhampton luton swindon blackpool bournemouth middlesbrough huddersfield lancaster
ipswich peterborough northampton gloucester worcester stirling inverness kilkenny sligo tralee drogheda glossop stockport
oldham rochdale salford croydon hackney peckham brixton camden islington galway chester durham exmouth penzance whitby
bloemfontein lviv asmara coimbra aveiro padua bergamo ferrara pisa siena parma modena bari catania gdynia łódź lublin
szczecin katowice bydgoszcz białystok sopot brașov iași constanta novosibirsk kazan samara tirana pristina podgorica
rijeka zadar maribor tromso ålesund vaasa oulu turku jyväskylä akureyri tórshavn cluj_napoca szeged pécs debrecen winnipeg
saskatoon kelowna guelph anaheim fresno bakersfield tacoma spokane reno tempe wichita
dayton akron toledo rochester syracuse albany hartford knoxville chattanooga birmingham
baton_rouge little_rock des_moines fargo sioux_falls anchorage juneau honolulu kumasi abidjan bamako kinshasa luanda
lilongwe windhoek gaborone maputo antananarivo kigali bujumbura dodoma zanzibar arusha kisumu surabaya yogyakarta makassar
davao iloilo can_tho vientiane yangon mandalay chittagong surat nagpur indore bhopal patna coimbatore mysore mysuru
mangalore vizag visakhapatnam thiruvananthapuram trivandrum goa chandigarh amritsar varanasi guwahati"""
)

#: What people move to, or live in, that is no home: days, teams, products.
_HARDLY = re.compile(
    r"(?:the )?(?:Moon|Mars|Internet|Cloud|God|AI|Matrix|Bahamas|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January"
    r"|February|March|April|May|June|July|August|September|October|November|December|Sales|Marketing|Engineering|Finance|HR"
    r"|Product|Design|Operations|Support|Legal|IT|R&D|Management|Slack|Teams|Zoom|Notion|Jira|Linear|Trello|Asana|Discord|Git\w*"
    r"|Bitbucket|Kubernetes|Docker|Postgres\w*|MySQL|Mongo\w*|Redis|Kafka|React|Vue|Angular|Svelte|Python|Java\w*|Rust|Go|Golang"
    r"|TypeScript|Kotlin|Swift|Linux|Ubuntu|Debian|Fedora|Arch|Windows|Mac|Mac[Oo][Ss]|Android|iOS|iPhone|Firefox|Chrome|Safari|Gmail"
    r"|Outlook|Spotify|Netflix|Figma|Azure|AWS|GCP|Heroku|Vercel|Terraform|Snowflake|BigQuery|Excel|Word|Obsidian|Claude|ChatGPT"
    r"|Gemini|Signal|WhatsApp|Telegram|Twitter|Mastodon|Bluesky|Version|Plan|Phase|Chapter|Step|Level|Part|Hogwarts|Narnia|Mordor"
    r"|Rivendell|Gotham|Westeros|Azeroth|Skyrim|Minecraft|Tatooine|Wakanda|Hell|Heaven|Fear|Hope|Denial|VS|IntelliJ|Vim|Emacs|Photoshop|PowerPoint|Sheets|I|My|A|It|This|That)\b.*"
    r"|.* (?:[Tt]eam|[Dd]epartment|[Ss]quad|[Dd]ivision|[Pp]lan|[Pp]ro|[Cc]loud|Street|St|Avenue|Ave|Road|Rd|Lane|Square|Drive|Boulevard|[Oo]ffice|HQ|[Cc]ampus|[Bb]ranch)"
)


def is_place(words: str) -> bool:
    """Tell whether capitalised words may be a place to live in."""
    lower = words.casefold()
    is_company = lower in COMPANIES or lower.split()[0] in COMPANIES
    return not is_company and _HARDLY.fullmatch(words) is None and not (words.isupper() and len(words) > 4)
