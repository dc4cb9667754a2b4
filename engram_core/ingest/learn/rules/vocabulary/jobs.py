"""What people do for a living, and where."""

from __future__ import annotations

import re

from engram_core.ingest.learn.rules.vocabulary.lists import words

#: The last word, or the last two, of an occupation.
_JOBS = words(
    """accountant actor actress actuary administrator anaesthetist anesthesiologist analyst animator anthropologist
    apprentice archaeologist architect archivist artist astronomer astrophysicist attorney auditor baker banker barber
    barista bartender beautician beekeeper biochemist biologist blacksmith bookkeeper bookseller bricklayer broker builder
    butcher caregiver carer caretaker carpenter cartographer cashier ceo cfo chauffeur chef chemist chiropractor
    choreographer cleaner clerk cmo coach comedian composer conductor conservator consultant cook coo copywriter counselor
    counsellor courier cto curator dancer dentist dermatologist designer detective dev developer devops dietician dietitian
    dispatcher doctor doorman draughtsman driver dressmaker economist editor electrician engineer entrepreneur
    epidemiologist esthetician farmer farrier filmmaker fireman firefighter fisherman florist freelancer gardener
    geographer geologist geophysicist glazier goldsmith governess grocer hairdresser handyman historian housewife
    househusband hygienist illustrator instructor interpreter investigator janitor jeweller jeweler joiner journalist judge
    laborer labourer landscaper lawyer lecturer librarian lifeguard linguist locksmith logistician machinist magician
    magistrate maintainer manager manicurist marketer mason masseuse mathematician mechanic meteorologist microbiologist
    midwife miner model mortician musician nanny neurologist neuroscientist neurosurgeon notary novelist nurse nutritionist
    officer oncologist operator optician optometrist orthodontist osteopath paediatrician painter paralegal paramedic
    pastor pathologist pediatrician pensioner pharmacist pharmacologist philosopher photographer physicist physician
    physiotherapist pianist pilot plasterer plumber podiatrist poet policeman policewoman politician porter postman
    postwoman postdoc potter pr principal printer producer professor programmer prosecutor psychiatrist psychologist
    psychotherapist publisher puppeteer radiographer radiologist realtor receptionist recruiter referee registrar reporter
    representative researcher roofer sailor salesman salesperson saleswoman scaffolder scientist screenwriter sculptor
    seamstress secretary sergeant server sociologist solicitor soldier statistician steward stewardess stonemason
    stylist superintendent supervisor surgeon surveyor sysadmin tailor teacher technician technologist tester therapist
    tiler toolmaker trainer translator trucker tutor undertaker upholsterer urologist valet vet veterinarian vicar waiter
    waitress watchmaker welder winemaker woodworker writer zookeeper zoologist
    adjuster aerospace_engineer arborist audiologist blogger bodyguard bookbinder bouncer brewer busker campaigner cellist
    ceramicist chancellor clockmaker cobbler colorist colourist concierge cooper copyeditor copy-editor coroner courtier
    croupier dramaturge docker drummer embalmer engraver estimator falconer ferryman fishmonger flautist fundraiser
    gamekeeper gardener groundskeeper guitarist gynaecologist gynecologist haematologist handler hatmaker headmaster
    headmistress headteacher herbalist hydrogeologist hydrologist immunologist innkeeper inspector ironworker
    kindergartner labourer lexicographer lighthouse_keeper lobbyist locksmith lumberjack luthier machinist merchandiser
    milliner muralist nephrologist nightwatchman nurseryman obstetrician oceanographer optometrist organist orderly
    paleontologist palaeontologist perfumer phlebotomist playwright proofreader puppeteer rancher ranger remodeler
    restorer rheumatologist rigger roaster saddler sawyer seismologist sexton shearer shepherd shopkeeper signalman
    silversmith sommelier songwriter steelworker stevedore stockbroker storyteller stuntman stuntwoman subtitler tanner
    taxidermist telemarketer thatcher toxicologist trader treasurer tuner vintner violinist virologist volcanologist
    weaver whaler wheelwright whittler winegrower woodcarver farmhand landlady landlord bookmaker deckhand boatbuilder
    shipwright planner handyman cheesemaker glassblower chocolatier confectioner dietician ophthalmologist cardiologist
    endocrinologist anaesthetist embryologist geneticist botanist ecologist criminologist ethnographer videographer
    cinematographer choreologist demographer stenographer typographer cameraman camerawoman anchorman newsreader
    broadcaster presenter columnist correspondent essayist ghostwriter speechwriter lyricist librettist"""
)
_PHRASES = words(
    """au_pair civil_servant social_worker police_officer flight_attendant cabin_crew bus_driver truck_driver
    lorry_driver taxi_driver train_driver data_scientist data_engineer data_analyst stay-at-home_mom
    stay-at-home_dad stay-at-home_mum stay-at-home_parent stay_at_home_mom stay_at_home_dad stay_at_home_mum
    stay_at_home_parent team_lead tech_lead team_leader scrum_master product_owner real_estate_agent estate_agent
    travel_agent insurance_agent customer_support_agent sales_agent support_agent sales_assistant
    teaching_assistant shop_assistant personal_assistant executive_assistant research_assistant dental_assistant
    nursing_assistant healthcare_assistant legal_assistant sales_rep tour_guide air_host air_hostess
    hotel_receptionist factory_worker construction_worker care_worker youth_worker warehouse_worker postal_worker
    farm_worker key_worker support_worker post-doc head_of_sales head_of_marketing dog_walker dog_groomer
    house_cleaner art_director creative_director managing_director film_director medical_director finance_director
    head_chef sous-chef sous_chef line_cook private_chef personal_trainer public_servant stunt_double
    tattoo_artist makeup_artist sound_engineer air_traffic_controller financial_adviser financial_advisor
    tax_adviser tax_advisor business_owner shop_owner phd_student cafe_owner restaurant_owner bakery_owner
    shopkeeper mail_carrier garbage_collector bin_man delivery_driver uber_driver graduate_student grad_student
    medical_resident resident_doctor junior_doctor dock_worker steel_worker oil_rig_worker member_of_parliament
    town_planner urban_planner event_planner wedding_planner financial_planner quantity_surveyor
    security_guard bank_teller cab_driver nurse_practitioner general_practitioner district_nurse teaching_fellow
    prison_guard border_guard park_ranger forest_ranger tree_surgeon pest_controller traffic_warden church_organist
    voice_actor content_creator game_dev web_dev ux_researcher hr_specialist it_specialist data_entry_clerk
    nail_technician dental_nurse scuba_instructor ski_instructor yoga_teacher yoga_instructor dance_teacher
    head_teacher deputy_head head_of_year night_porter ward_manager chef_de_partie pastry_chef junior_ux ux_designer
    kitchen_porter claims_handler home_carer bridge_builder boat_builder church_warden night_watchman lock_keeper
    signal_operator team_manager crew_planner store_manager shop_manager office_manager bank_manager project_manager
    product_manager programme_manager program_manager account_manager general_manager hotel_manager site_manager
    marketing_manager sales_manager operations_manager warehouse_manager restaurant_manager bar_manager case_manager
    fitness_instructor driving_instructor life_coach football_coach swimming_coach"""
)
#: Occupations that are as often said of what somebody is like, or does at home: they want a word before them that says
#: which kind, a place of work after them, or "as" before.
_LOOSE = words(
    """cook driver coach judge model builder painter dancer poet philosopher manager operator pr printer server trader planner handler inspector tuner weaver shepherd restorer landlord landlady ranger treasurer presenter roaster drummer orderly tester
    conductor detective officer comedian magician maintainer historian trainer"""
)
#: What makes of an occupation something else.
_HARDLY = re.compile(
    r"\b(?:bad|terrible|awful|horrible|lousy|good|great|decent|excellent|amazing|keen|avid|slow|fast|safe|careful|nervous"
    r"|better|best|worse|worst|poor|natural|born|huge|big|amateur|hobby|hobbyist|wannabe|aspiring|future|former|ex|retired"
    r"|would-be|failed|frustrated|self-proclaimed|self-taught|armchair|backseat|back-seat|sunday|wannabe|fake|glorified"
    r"|actual|certified genius|closet|struggling|budding|home|unofficial|honorary|resident expert|couch|keyboard|street"
    r"|mediocre|brilliant|fantastic|wonderful|proud|lucky|tired|sad|happy|bit|little|kind|sort|fan|lover|fellow|similar"
    r"|typical|regular|normal|mere|simple|competent|confident|new|old|professional napper|to-be|turned|or|a|an|the|is|was|are|has|who|whose|not|every|another|that|this|your|my|his|her)\b",
    re.IGNORECASE,
)
#: After "I work as a": not what one is, but how.
_MANNER = re.compile(
    r"(?:team|unit|group|whole|result|charm|way|hobby|side \w+|pair|treat|couple|favou?r|joke|dream|punishment|reward|much|well|usual|if|is|fast|hard|long|little|many)(?: .*)?",
    re.IGNORECASE,
)
_HEAD_OF = re.compile(
    r"(?:(?:deputy|assistant) )?(?:head|director|vice president|vp|chief) of [\w-]+(?: [\w-]+)?", re.IGNORECASE
)
_STUDENT = re.compile(r"(?:[\w-]+ ){0,3}(?:student|undergrad|undergraduate|postgrad|trainee|intern)", re.IGNORECASE)

#: Whole branches, as in "I work in logistics".
FIELDS = words(
    """accounting advertising agriculture aerospace aviation banking biotech construction consulting cybersecurity
    ecommerce education energy engineering entertainment fashion film finance fintech forestry healthcare
    hospitality hr insurance it journalism law logistics manufacturing marketing media mining music nursing pharma
    procurement publishing purchasing qa radio recruiting recruitment research restoration retail sales security
    shipping software tech telecoms telecommunications theatre theater tourism transport transportation television
    customer_service customer_support customer_success human_resources real_estate quality_assurance
    public_relations social_work social_care elderly_care child_care health_care video_games game_development
    web_development software_development supply_chain public_health property_management local_government
    information_security interior_design graphic_design renewable_energy data_science"""
)


def is_job(phrase: str, *, loose: bool = False) -> bool:
    """Tell whether a phrase names an occupation plainly: "data engineer", "hotel receptionist", not "bad cook".

    Args:
        phrase: Without its article.
        loose: Whether the sentence makes clear that it is one ("I work as …").
    """
    words = phrase.casefold().split()
    if loose and len(words) <= 4 and not _HARDLY.search(phrase) and not _MANNER.fullmatch(phrase):
        return True
    if phrase.casefold() in _PHRASES or _HEAD_OF.fullmatch(phrase):
        return True
    if not words or len(words) > 6 or _HARDLY.search(phrase):
        return False
    if " ".join(words[-2:]) in _PHRASES or " ".join(words[-4:]) in _PHRASES or " ".join(words[-3:]) in _PHRASES:
        return True
    last = words[-1].rpartition("-")[2]
    if last not in _JOBS and not _STUDENT.fullmatch(phrase):
        return False
    return loose or last not in _LOOSE or len(words) > 1


def is_field(phrase: str) -> bool:
    """Tell whether a phrase names a branch of work."""
    return phrase.casefold() in FIELDS
