"""Kinds of employers and of businesses, as "a" or "the" stands before them."""

from __future__ import annotations

FIRMS = (
    r"brewery|bank|hospital|school|library|university|museum|factory|bakery|hotel|restaurant|start-?up"
    r"|law firm|pharmacy|clinic|garage|warehouse|supermarket|call cent(?:re|er)|nonprofit|non-profit|charity|gym"
    r"|salon|farm|studio|agency|publisher|airport|post office|town hall|city hall|council|caf[eé]|coffee shop"
    r"|bookshop|bookstore|nursery|kindergarten|care home|nursing home|college|lab|laboratory|theatre|theater|zoo"
    r"|vineyard|winery|construction company|tech company|company|dealership|hardware store|grocery store|store|shop|bar|pub"
    r"|call center|shelter|church|mosque|insurance company|shipyard|power plant|refinery|brewpub|consultancy|firm|newspaper"
    r"|radio station|tv station|fire station|police station|dental practice|vet clinic|game studio|centre|center|authority|archives?|office"
    r"|service|services|guard|observatory|hospice|workshop|lido|pool|launderette|laundry|orchard|stables?"
    r"|depot|plant|mill|mine|quarry|dairy|union|institute|ministry|embassy|consulate|foundation"
    r"|fund|railway|railways|brigade|police|army|navy|navy yard|chemist|florist|off-licence|greengrocer's"
    r"|butcher's|kiosk|market|fish market|makerspace|orchestra|opera|cinema|campsite|resort|cruise line|airline"
    r"|cargo airline|publishing house|record label|record shop|bookmaker|insurer|accountancy|architecture firm|notary|court|prison|parish"
    r"|monastery|network|startup|hostel|chain|building society|cooperative|co-op|tannery|foundry|forge|sawmill"
    r"|distillery|creamery|travel agency|temp agency|retailer|wholesaler|supplier|distributor|manufacturer|contractor|developer|utility"
    r"|trust|ward|practice|surgery|theme park|national park|nature reserve|sanctuary|language school|dance school|driving school|riding school"
    r"|boarding school|high school|primary school|secondary school|middle school|elementary school|preschool|day care|daycare|after-school club|youth club|food bank"
    r"|soup kitchen|archive|gallery|auction house|casino|nightclub|club|bistro|canteen|diner|pizzeria|takeaway"
    r"|chippy|coffee roaster|roastery|garden centre|call centre"
)
